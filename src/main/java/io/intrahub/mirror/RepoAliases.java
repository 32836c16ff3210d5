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
  /** A repo that was renamed more often is asked about under the names in between. */
  private static final int MAX_HOPS = 5;

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
    RepoId name = asked;
    for (int hops = 0; hops < MAX_HOPS; hops++) {
      RepoId next = next(name, upstream);
      if (next.equals(name)) {
        break;
      }
      name = next;
    }
    return name;
  }

  private RepoId next(RepoId asked, UpstreamState upstream) {
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

  /**
   * Takes that upstream, asked about one name, answered with another one, or with the same. The
   * name in its answer is no other name of any repo, even if it was once.
   */
  void learn(RepoId asked, RepoId canonical) {
    boolean wasAlias =
        store.alias(canonical).filter(known -> !known.value().equals(canonical)).isPresent();
    if (wasAlias) {
      store.putAlias(canonical, new Observation<>(canonical, clock.instant()));
    }
    if (!asked.equals(canonical)) {
      store.putAlias(asked, new Observation<>(canonical, clock.instant()));
    }
  }
}
