package io.intrahub.base;

import java.time.Duration;

/**
 * The moment by which a client must have its answer, handed on from step to step, so that several
 * waits together are not longer than one may be. By real time, as clients count it. Immutable.
 */
public final class Deadline {
  private final Duration whole;
  private final long at;

  private Deadline(Duration whole) {
    this.whole = whole;
    this.at = System.nanoTime() + whole.toNanos();
  }

  /** So long from now. */
  public static Deadline in(Duration time) {
    return new Deadline(time);
  }

  /** The time left, never negative. */
  public Duration left() {
    return Duration.ofNanos(Math.max(0, at - System.nanoTime()));
  }

  /** The time there was at first: what a person is told. */
  public Duration whole() {
    return whole;
  }
}
