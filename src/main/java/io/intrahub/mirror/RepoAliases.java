package io.intrahub.mirror;

import io.intrahub.hub.RepoId;
import io.intrahub.policy.Freshness;
import io.intrahub.policy.Observation;
import io.intrahub.store.RepoStore;
import java.time.Clock;
import java.time.Duration;

/**
 * Other names of repos: old ones, and other cases. What is stored is stored once, under the name
 * that upstream uses. Safe for use by many threads.
 */
final class RepoAliases {
  private final RepoStore store;
  private final Clock clock;
  private final Duration ttl;

  RepoAliases(RepoStore store, Clock clock, Duration ttl) {
    this.store = store;
    this.clock = clock;
    this.ttl = ttl;
  }

  /**
   * The name under which a repo is kept.
   *
   * @param acceptStale whether an alias past its time still counts, because upstream can't be asked
   */
  RepoId canonical(RepoId asked, boolean acceptStale) {
    return store
        .alias(asked)
        .filter(a -> acceptStale || Freshness.isWithin(a.learnedAt(), ttl, clock.instant()))
        .map(Observation::value)
        .orElse(asked);
  }

  void learn(RepoId asked, RepoId canonical) {
    if (!asked.equals(canonical)) {
      store.putAlias(asked, new Observation<>(canonical, clock.instant()));
    }
  }
}
