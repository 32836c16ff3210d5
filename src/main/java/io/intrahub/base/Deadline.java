package io.intrahub.base;

import java.time.Duration;

/**
 * The moment by which a client must have its answer. It is passed from step to step, so that
 * several waits together take no longer than one may. It uses real time, as clients do. Immutable.
 */
public final class Deadline {
  private final Duration whole;
  private final long at;

  private Deadline(Duration whole) {
    this.whole = whole;
    this.at = System.nanoTime() + whole.toNanos();
  }

  /** Creates a deadline this long from now. */
  public static Deadline in(Duration time) {
    return new Deadline(time);
  }

  /** Returns the time left, never negative. */
  public Duration left() {
    return Duration.ofNanos(Math.max(0, at - System.nanoTime()));
  }

  /** Returns the time there was at first, for messages. */
  public Duration whole() {
    return whole;
  }
}
