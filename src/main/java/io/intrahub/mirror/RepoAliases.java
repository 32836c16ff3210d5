package io.intrahub.mirror;

import io.intrahub.hub.RepoId;
import io.intrahub.policy.CacheDirectives;
import io.intrahub.policy.Freshness;
import io.intrahub.policy.Lifetime;
import io.intrahub.policy.Observation;
import io.intrahub.policy.UpstreamState;
import io.intrahub.store.RepoStore;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

/**
 * Other names of repos: old ones, and other cases. What is stored is stored once, under the name
 * that upstream uses. Safe for use by many threads.
 */
final class RepoAliases {
  private final RepoStore store;
  private final Clock clock;
  private final Lifetime lifetime;

  RepoAliases(RepoStore store, Clock clock, Duration ttl) {
    this.store = store;
    this.clock = clock;
    this.lifetime = Lifetime.of(ttl, Duration.ZERO);
  }

  /**
   * The name under which a repo is kept.
   *
   * @param upstream unless it can be asked, an alias past its time still counts
   */
  RepoId canonical(RepoId asked, UpstreamState upstream) {
    return store
        .alias(asked)
        .filter(a ->
            Freshness.decide(
                    clock.instant(),
                    Optional.of(a.learnedAt()),
                    lifetime,
                    upstream,
                    CacheDirectives.NONE)
                .servesAtOnce())
        .map(Observation::value)
        .orElse(asked);
  }

  void learn(RepoId asked, RepoId canonical) {
    if (!asked.equals(canonical)) {
      store.putAlias(asked, new Observation<>(canonical, clock.instant()));
    }
  }
}
