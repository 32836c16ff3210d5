package io.intrahub.transfer.core;

import io.intrahub.upstream.UpstreamFailure;
import java.time.Duration;

/**
 * How often upstream has failed in a row, and when it may be tried again. Times are in nanoseconds
 * of any beginning.
 */
final class RetryBackoff {
  private static final int MAX_DOUBLINGS = 5;

  private final TransferLimits limits;

  /** Whether any byte ever came. */
  private boolean hasReceived;

  /** Failures in a row that came after next to nothing. */
  private int fruitlessTries;

  private long sinceFailure;
  private long generation;
  private long retryAt = Long.MIN_VALUE;

  /** It has failed often enough: it is left alone until somebody comes to need it. */
  private boolean quiet;

  RetryBackoff(TransferLimits limits) {
    this.limits = limits;
  }

  void received(long n) {
    hasReceived = true;
    sinceFailure += n;
  }

  /**
   * A run failed.
   *
   * @param another whether the next try is made with another reader's source
   * @return whether upstream is given up, so that who waits for it has to be told
   */
  boolean failed(Run run, UpstreamFailure failure, boolean another, long now) {
    // What came is kept: a transfer that had bytes goes on, and a connection that broke is made
    // anew, as is one that got no answer in time. Another source that could not be opened has tried
    // often enough itself.
    boolean again =
        another
            || failure.isTransient()
            || failure.kind() == UpstreamFailure.Kind.TIMED_OUT
            || hasReceived;
    // Connections that fall in the same outage are one failure.
    if (run.generation == generation) {
      generation++;
      fruitlessTries = sinceFailure >= limits.progress() ? 0 : fruitlessTries + 1;
      sinceFailure = 0;
      retryAt = now + pause(failure);
    }
    if (again && fruitlessTries < limits.tries()) {
      return false;
    }
    quiet = true;
    fruitlessTries = 0;
    retryAt = Long.MIN_VALUE;
    return true;
  }

  private long pause(UpstreamFailure failure) {
    long own = limits.retryPause().toNanos() << Math.min(fruitlessTries, MAX_DOUBLINGS);
    // A final failure is tried again for the sake of what has arrived, and not at a time that
    // upstream chose: that may be an hour.
    long asked = failure.isTransient() ? failure.retryAfter().map(Duration::toNanos).orElse(0L) : 0;
    return Math.max(own, asked);
  }

  /** Somebody comes to need it. */
  void reset() {
    quiet = false;
  }

  /** What is waited for concerns only the sources that failed, and there is another one now. */
  void endPause() {
    retryAt = Long.MIN_VALUE;
  }

  boolean isQuiet() {
    return quiet;
  }

  boolean hasReceived() {
    return hasReceived;
  }

  /** For the runs that begin now. */
  long generation() {
    return generation;
  }

  /** When it may be tried again; in the past if it may be now. */
  long retryAt() {
    return retryAt;
  }
}
