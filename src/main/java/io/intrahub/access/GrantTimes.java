package io.intrahub.access;

import io.intrahub.hub.RepoId;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * When upstream last confirmed each grant, and the locks under which grants change. Safe for use by
 * many threads.
 */
final class GrantTimes {
  private static final int STRIPES = 256;

  private final GrantStore grants;
  private final Clock clock;
  private final AccessChecker.Settings settings;
  private final Instant started;

  /**
   * Each guards the grants of some repos, so that no refusal arrives between the check for refusals
   * and the write of the grant. Held while the store writes, as the store's lock for it is.
   */
  private final List<ReentrantLock> stripes =
      Stream.generate(ReentrantLock::new).limit(STRIPES).toList();

  GrantTimes(GrantStore grants, Clock clock, AccessChecker.Settings settings) {
    this.grants = grants;
    this.clock = clock;
    this.settings = settings;
    this.started = clock.instant();
  }

  /** Returns the lock that guards the grants of a repo. */
  ReentrantLock lock(RepoId repo) {
    return stripes.get(Math.floorMod(repo.hashCode(), STRIPES));
  }

  /** Returns when no thread is any longer between a check for refusals and the write of a grant. */
  void awaitWriters() {
    stripes.forEach(ReentrantLock::lock);
    stripes.forEach(ReentrantLock::unlock);
  }

  /** Returns when upstream last confirmed a grant; empty if there is none. */
  Optional<Instant> confirmedAt(Grant grant) {
    Optional<Instant> seen = grants.confirmedAt(grant);
    return seen.filter(at -> at.isAfter(clock.instant())).isPresent()
        ? ageFutureGrant(grant)
        : seen;
  }

  /**
   * Gives an age to a grant from the future. It was stored by an earlier process, and the clock was
   * set back before this one began, so nobody knows how old it is. From the start of this process
   * it counts as run out: the Hub is asked, and if it gives no answer, the grant counts for what is
   * left of its time, as after a step back of a process that runs. That age is stored, so that
   * another start adds nothing.
   */
  private Optional<Instant> ageFutureGrant(Grant grant) {
    Instant aged = started.minus(settings.lifetime(grant.authority()).servedFor());
    ReentrantLock lock = lock(grant.repo());
    lock.lock();
    try {
      // It may have been refused or confirmed meanwhile.
      Optional<Instant> seen = grants.confirmedAt(grant);
      if (seen.filter(at -> at.isAfter(clock.instant())).isEmpty()) {
        return seen;
      }
      grants.remember(grant, aged);
      return Optional.of(aged);
    } finally {
      lock.unlock();
    }
  }
}
