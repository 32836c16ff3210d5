package io.intrahub.access;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Numbers questions and refusals in the order in which they happen, so that the answer to an old
 * question can be distinguished from newer knowledge. The numbers grow whatever the clock does, and
 * no two are equal. All questions and refusals of a mirror share one object.
 *
 * <p>Safe for use by many threads.
 */
public final class EventOrder {
  private final AtomicLong last = new AtomicLong();
  private final Clock clock;

  /**
   * A moment between two events.
   *
   * @param number greater than that of every earlier moment
   * @param at the time by the clock, which may have been set back since
   */
  public record Moment(long number, Instant at) {
    /**
     * Returns the same place in the order, with an earlier time: the answer to a question is as old
     * as what it was given from.
     *
     * @param age not negative
     */
    public Moment withAge(Duration age) {
      return new Moment(number, at.minus(age));
    }
  }

  public EventOrder(Clock clock) {
    this.clock = clock;
  }

  /** Returns the present moment, with a new number. */
  public Moment now() {
    return new Moment(last.incrementAndGet(), clock.instant());
  }
}
