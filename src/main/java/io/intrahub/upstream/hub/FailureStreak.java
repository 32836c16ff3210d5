package io.intrahub.upstream.hub;

import io.intrahub.policy.Freshness;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Failures of one kind in a row, and when the next probe is due. Only {@link CircuitBreaker} uses
 * it, whose monitor guards all fields.
 */
final class FailureStreak {
  /** A probe whose end nobody reported by then is replaced. */
  private static final Duration LOST_PROBE = Duration.ofMinutes(1);

  private static final Duration FIRST_PAUSE = Duration.ofSeconds(5);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);

  private int number;
  private Duration pause = FIRST_PAUSE;
  private Instant nextProbe = Instant.MIN;

  private String reason = "it did not answer";

  /** Whether {@link #number} is that of failures, and not set by {@link #open}. */
  private boolean isCounted = true;

  /** When the last probe began or failed, or the limit was reached. */
  private Instant lastProbe = Instant.MIN;

  /** The probe under way, whose failure makes the next pause longer. */
  private Optional<CircuitBreaker.Admission> probe = Optional.empty();

  int number() {
    return number;
  }

  boolean hasReachedLimit() {
    return number >= CircuitBreaker.FAILURES_TO_OPEN;
  }

  boolean areRefused(Instant now) {
    return hasReachedLimit() && isTooEarly(now);
  }

  /** A pause that seems longer than any means that the clock was set back: then it is over. */
  private boolean isTooEarly(Instant now) {
    return now.isBefore(nextProbe) && !now.plus(LONGEST_PAUSE).isBefore(nextProbe);
  }

  boolean tryProbe(CircuitBreaker.Admission admission, Instant now) {
    if (!isDue(now)) {
      return false;
    }
    endProbe();
    // The next one waits for what this probe finds.
    nextProbe = now.plus(pause);
    lastProbe = now;
    probe = Optional.of(admission);
    return true;
  }

  /** Whether the last probe has ended and is long enough ago. */
  boolean isDue(Instant now) {
    return !isProbing(now) && !Freshness.isWithin(lastProbe, CircuitBreaker.PROBE_PAUSE, now);
  }

  boolean isProbing(Instant now) {
    return probe.isPresent() && Freshness.isWithin(lastProbe, LOST_PROBE, now);
  }

  /** The probe under way, unless it hangs: then nobody waits for it. */
  Optional<CompletableFuture<Void>> probe(Instant now) {
    return probe
        .map(p -> p.ended)
        .filter(_ -> Freshness.isWithin(lastProbe, CircuitBreaker.OVERDUE, now));
  }

  boolean isProbe(CircuitBreaker.Admission admission) {
    return probe.filter(p -> p == admission).isPresent();
  }

  /**
   * A call found a failure of another kind, or one that makes the pause no longer. If it is the
   * probe, the next one comes after the pause.
   */
  void fail(CircuitBreaker.Admission admission) {
    if (isProbe(admission)) {
      endProbe();
    }
  }

  /** A call found nothing out. If it is the probe, the next call is the probe in its stead. */
  void abandon(CircuitBreaker.Admission admission) {
    if (isProbe(admission)) {
      lastProbe = Instant.MIN;
      endProbe();
    }
  }

  private void endProbe() {
    probe.ifPresent(p -> p.ended.complete(null));
    probe = Optional.empty();
  }

  /** As if enough calls had failed. */
  void open(String why, Instant now) {
    number = CircuitBreaker.FAILURES_TO_OPEN - 1;
    add(new CircuitBreaker.Admission(), why, now);
    isCounted = false;
  }

  void add(CircuitBreaker.Admission admission, String why, Instant now) {
    reason = why;
    isCounted = true;
    number++;
    if (number == CircuitBreaker.FAILURES_TO_OPEN) {
      nextProbe = now.plus(pause);
      lastProbe = now;
    } else if (number > CircuitBreaker.FAILURES_TO_OPEN && isProbe(admission)) {
      // Failures of calls that were under way when it opened say nothing new: were each to make
      // the pause longer, a load of many files would put the first probe off to the longest.
      endProbe();
      lastProbe = now;
      Duration doubled = pause.multipliedBy(2);
      pause = doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
      nextProbe = now.plus(pause);
    }
  }

  void end() {
    number = 0;
    endProbe();
    pause = FIRST_PAUSE;
    nextProbe = Instant.MIN;
    lastProbe = Instant.MIN;
  }

  String why(Instant now) {
    String often = reason + (isCounted ? ", " + number + " times in a row; " : "; ");
    if (isProbing(now)) {
      return often + "it is being asked again now";
    }
    Duration left =
        isDue(now)
            ? Duration.ZERO
            : CircuitBreaker.PROBE_PAUSE.minus(Duration.between(lastProbe, now));
    return often
        + "the first request "
        + (left.isPositive() ? "after " + Math.max(1, left.toSeconds()) + " s" : "from now on")
        + " asks it again";
  }
}
