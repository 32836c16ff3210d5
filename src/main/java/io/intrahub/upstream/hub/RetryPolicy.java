package io.intrahub.upstream.hub;

import io.intrahub.metrics.Meters;
import io.intrahub.upstream.UpstreamFailure;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Asks again when a failure may pass by itself: clients retry little, and {@code GET
 * /api/models/{id}} not at all (huggingface_hub 2.4.0). The pauses double from the first one, with
 * jitter, and are as long as upstream asks for in {@code Retry-After}. The failure is passed on,
 * with that time, when one of them would last longer than {@link #RATE_LIMIT_WAIT}, because no
 * client waits longer, or all of them longer than {@link #BUDGET}.
 *
 * <p>A refused connection is not tried again: it answers at once that nobody is there, and so
 * should the mirror. Safe for use by many threads.
 */
final class RetryPolicy {
  static final int TRIES = 5;
  private static final Duration RATE_LIMIT_WAIT = Duration.ofSeconds(8);
  private static final Duration BUDGET = Duration.ofSeconds(30);

  private final RandomGenerator jitter;
  private final Duration firstPause;
  private final Meters meters;

  /** The newest limit that a call waits for, by real time, as the pauses are. */
  private volatile @Nullable Limit limit;

  private record Limit(UpstreamFailure failure, long until) {}

  /**
   * Makes one.
   *
   * @param jitter used under this object's monitor
   * @param firstPause before the second try, at most
   */
  RetryPolicy(RandomGenerator jitter, Duration firstPause, Meters meters) {
    this.firstPause = firstPause;
    this.meters = meters;
    this.jitter = jitter;
  }

  /** One try. */
  interface Try<R> {
    R make();
  }

  /** Tells the failure in a result, if it is one. */
  interface Judge<R> {
    Optional<UpstreamFailure> failure(R result);
  }

  /** The first result that is no failure, or the last failure. */
  <R> R run(Try<R> attempt, Judge<R> judge) {
    long spent = 0;
    for (int tries = 1; ; tries++) {
      R result = attempt.make();
      Optional<UpstreamFailure> failure = judge.failure(result);
      if (failure.isEmpty() || !failure.get().isTransient() || tries == TRIES) {
        return result;
      }
      long pause = pause(tries, failure.get());
      spent += pause;
      note(failure.get(), pause);
      if (pause > RATE_LIMIT_WAIT.toNanos() || spent > BUDGET.toNanos()) {
        return result;
      }
      try {
        TimeUnit.NANOSECONDS.sleep(pause);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return result;
      }
      meters.upstreamRetry();
    }
  }

  private void note(UpstreamFailure failure, long pause) {
    if (failure.kind() == UpstreamFailure.Kind.RATE_LIMITED) {
      limit = new Limit(failure, System.nanoTime() + pause);
    }
  }

  /** That upstream limits the rate of requests, while a call waits for that; with the time left. */
  Optional<UpstreamFailure> limit() {
    Limit newest = limit;
    long left = newest == null ? 0 : newest.until() - System.nanoTime();
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
