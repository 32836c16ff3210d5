package io.intrahub.upstream;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/**
 * Remembers that an endpoint does not answer, so that nobody waits for a time-out that is known to
 * come. After {@value #FAILURES_TO_OPEN} failures in a row calls are refused; from time to time one
 * call is let through as a probe, at first after 5 seconds, then after twice as long each time, 60
 * seconds at most. One success closes it.
 *
 * <p>Safe for use by many threads; the monitor of this object guards all fields and is held for no
 * I/O.
 */
final class Breaker {
  private static final int FAILURES_TO_OPEN = 5;
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(5);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);

  private final Clock clock;
  private int failures;
  private Duration pause = FIRST_PAUSE;
  private Instant nextProbe = Instant.MIN;
  private String reason = "";

  /** Whether a probe is on its way, whose failure makes the next pause longer. */
  private boolean probing;

  Breaker(Clock clock) {
    this.clock = clock;
  }

  /** Whether calls are refused now. Changes nothing, unlike {@link #tryPass}. */
  synchronized boolean isOpen() {
    return failures >= FAILURES_TO_OPEN && isTooEarly(clock.instant());
  }

  /** A pause that seems longer than any means that the clock was set back: then it is over. */
  private boolean isTooEarly(Instant now) {
    return now.isBefore(nextProbe) && !now.plus(LONGEST_PAUSE).isBefore(nextProbe);
  }

  /** Whether a call may be made. Each that may must report {@link #success} or {@link #failure}. */
  synchronized boolean tryPass() {
    if (failures < FAILURES_TO_OPEN) {
      return true;
    }
    Instant now = clock.instant();
    if (isTooEarly(now)) {
      return false;
    }
    // The next one waits for what this probe finds, or for as long again if it never comes back.
    nextProbe = now.plus(pause);
    probing = true;
    return true;
  }

  /** Why calls are refused now, and when the next one is let through: for a person. */
  synchronized String why() {
    long seconds = Math.max(1, Duration.between(clock.instant(), nextProbe).toSeconds());
    return reason + ", " + failures + " times in a row; it is asked again in " + seconds + " s";
  }

  /** The endpoint answered, whatever it said. */
  synchronized void success() {
    failures = 0;
    probing = false;
    pause = FIRST_PAUSE;
    nextProbe = Instant.MIN;
  }

  /**
   * The endpoint did not answer, or said that it can't.
   *
   * @param why for a person
   */
  synchronized void failure(String why) {
    reason = why;
    failures++;
    if (failures == FAILURES_TO_OPEN) {
      nextProbe = clock.instant().plus(pause);
    } else if (failures > FAILURES_TO_OPEN && probing) {
      // Failures of calls that were under way when it opened say nothing new: were each to make the
      // pause longer, a load of many files would put the first probe off to the longest at once.
      probing = false;
      Duration doubled = pause.multipliedBy(2);
      pause = doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
      nextProbe = clock.instant().plus(pause);
    }
  }
}
