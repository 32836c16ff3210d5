package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authorised;
import io.intrahub.access.Caller;
import io.intrahub.access.Grant;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.Observation;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

/** What clients are told of the age of a commit's observation. Safe for use by many threads. */
final class RevisionLabels {
  private final AccessChecker checker;
  private final Clock clock;
  private final Duration ttl;

  /**
   * Creates the labels of revisions.
   *
   * @param ttl how long an observation is fresh
   */
  RevisionLabels(AccessChecker checker, Clock clock, Duration ttl) {
    this.checker = checker;
    this.clock = clock;
    this.ttl = ttl;
  }

  /** Of an observation that is stored. */
  CacheLabel of(Observation<?> observation, boolean stale) {
    Duration age = Duration.between(observation.learnedAt(), clock.instant());
    return new CacheLabel(
        CacheLabel.Source.HIT,
        Optional.of(ttl.minus(age)),
        Optional.of(age.isNegative() ? Duration.ZERO : age),
        stale,
        false);
  }

  /** Of an observation that was made for this answer. */
  CacheLabel justLearned() {
    return new CacheLabel(CacheLabel.Source.MISS, Optional.of(ttl), Optional.empty(), false, false);
  }

  /** The same, as it is told to a client. Another mirror is told the age of the grant too. */
  CacheLabel told(CacheLabel label, Authorised<RepoId> proof, Caller caller) {
    CacheLabel shared = caller.isAnonymous() ? label : label.asRestricted();
    return caller.via().isEmpty()
        ? shared
        : shared.withGrantAge(
            checker.age(new Grant(proof.subject(), caller.authority(), proof.scope())));
  }

  /** Of a commit that the client named itself. */
  static CacheLabel immutable(boolean stale) {
    return new CacheLabel(CacheLabel.Source.HIT, Optional.empty(), Optional.empty(), stale, false);
  }
}
