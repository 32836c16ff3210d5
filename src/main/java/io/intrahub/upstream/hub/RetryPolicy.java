package io.intrahub.upstream.hub;

import io.intrahub.metrics.Meters;
import io.intrahub.upstream.UpstreamFailure;
import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Asks again when a failure may pass by itself: clients retry little, and {@code GET
 * /api/models/{id}} not at all (huggingface_hub 2.4.0). The pauses double from the first one, with
 * jitter, and are as long as upstream asks for in {@code Retry-After}.
 *
 * <p>Worst case: a call is attempted {@value #TRIES} times. All calls of one operation together are
 * tried again {@link RetryBudget#RETRIES} times, and not later than {@link #TIME} after the
 * operation began, so that it ends after that time and one attempt. The failure is passed on, with
 * the time that upstream asks for, when that is longer than {@link #RATE_LIMIT_WAIT}, because no
 * client waits longer.
 *
 * <p>A refused connection is not tried again: it answers at once that nobody is there, and so
 * should the mirror. Safe for use by many threads.
 */
final class RetryPolicy {
  /** Attempts of one call, the first included. */
  static final int TRIES = 5;

  /** No client waits longer for an answer ({@code waits.api}). */
  static final Duration TIME = Duration.ofSeconds(60);

  static final Duration RATE_LIMIT_WAIT = Duration.ofSeconds(8);

  /** How long a limit is assumed to last that upstream says nothing about. */
  private static final Duration UNSAID_LIMIT = Duration.ofSeconds(10);

  private final RandomGenerator jitter;
  private final Duration firstPause;
  private final Meters meters;
  private final RetryTiming timing;

  /** The newest limit that a call waits for. */
  private volatile @Nullable Limit limit;

  private record Limit(UpstreamFailure failure, long until) {}

  /**
   * Makes one.
   *
   * @param jitter used under this object's monitor
   * @param firstPause before the second attempt, at most
   */
  RetryPolicy(RandomGenerator jitter, Duration firstPause, Meters meters, RetryTiming timing) {
    this.firstPause = firstPause;
    this.meters = meters;
    this.jitter = jitter;
    this.timing = timing;
  }

  /**
   * One thing that somebody waits for, with all the calls that it takes.
   *
   * @param budget what it may still spend on trying again
   * @param end when nothing of it is tried again any more, by {@link RetryTiming#nanoTime}
   * @param waitsForLimits whether it is tried again when upstream limits the rate of requests
   */
  record Operation(RetryBudget budget, long end, boolean waitsForLimits) {
    /** The same, for one who has something better to do than to wait for such a limit. */
    Operation withoutWaitingForLimits() {
      return new Operation(budget, end, false);
    }
  }

  /** Whether a failure is a limit of the rate of requests that is worth waiting for. */
  static boolean isShortLimit(UpstreamFailure failure) {
    return failure.kind() == UpstreamFailure.Kind.RATE_LIMITED
        && failure.retryAfter().orElse(Duration.ZERO).compareTo(RATE_LIMIT_WAIT) <= 0;
  }

  /** Begins an operation with a budget of its own. */
  Operation begin() {
    return begin(new RetryBudget());
  }

  /** Begins an operation that spends what others may have left of a budget. */
  Operation begin(RetryBudget budget) {
    return new Operation(budget, timing.nanoTime() + TIME.toNanos(), true);
  }

  /** One attempt. */
  interface Try<R> {
    R make();
  }

  /** Tells the failure in a result, if it is one. */
  interface Judge<R> {
    Optional<UpstreamFailure> failure(R result);
  }

  /** The first result that is no failure, or the last failure. */
  <R> R run(Operation operation, Try<R> attempt, Judge<R> judge) {
    for (int tries = 1; ; tries++) {
      R result = attempt.make();
      Optional<UpstreamFailure> failure = judge.failure(result);
      if (failure.isEmpty()
          || !failure.get().isTransient()
          || tries == TRIES
          || operation.budget().isSpent()) {
        return result;
      }
      long pause = pause(tries, failure.get());
      note(failure.get(), pause);
      boolean passedOn =
          failure.get().kind() == UpstreamFailure.Kind.RATE_LIMITED && !operation.waitsForLimits();
      boolean tooLong = pause > RATE_LIMIT_WAIT.toNanos();
      boolean tooLate = timing.nanoTime() + pause - operation.end() > 0;
      if (passedOn || tooLong || tooLate || !operation.budget().tryTake()) {
        return result;
      }
      try {
        timing.sleep(pause);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return result;
      }
      meters.upstreamRetry();
    }
  }

  private void note(UpstreamFailure failure, long pause) {
    if (failure.kind() == UpstreamFailure.Kind.RATE_LIMITED) {
      // Who does not say how long it lasts most likely says the same to the next attempt.
      long unsaid = failure.retryAfter().isEmpty() ? UNSAID_LIMIT.toNanos() : 0;
      limit = new Limit(failure, timing.nanoTime() + Math.max(pause, unsaid));
    }
  }

  /** That upstream limits the rate of requests, while a call waits for that; with the time left. */
  Optional<UpstreamFailure> limit() {
    Limit newest = limit;
    long left = newest == null ? 0 : newest.until() - timing.nanoTime();
    return newest == null || left <= 0
        ? Optional.empty()
        : Optional.of(newest.failure().withRetryAfter(Duration.ofNanos(left)));
  }

  private synchronized long pause(int tries, UpstreamFailure failure) {
    long full = firstPause.toNanos() << (tries - 1);
    long own = full / 2 + jitter.nextLong(full / 2 + 1);
    return Math.max(own, failure.retryAfter().map(Duration::toNanos).orElse(0L));
  }
}
