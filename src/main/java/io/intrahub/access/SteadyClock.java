package io.intrahub.access;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.function.LongSupplier;

/**
 * A clock that never goes back, by which grants age. If the clock of the system is set back, this
 * one goes on from where it was: what was confirmed before then neither lives longer nor is lost.
 * If it is set forward, this one follows, because a machine that slept looks the same. It stays
 * ahead by the time of all steps back until the process ends, so it suits ages and nothing else.
 *
 * <p>Safe for use by many threads; the monitor of this object guards all fields.
 */
public final class SteadyClock extends Clock {
  /** A correction up to this long makes the clock wait instead. */
  private static final Duration SMALL = Duration.ofSeconds(1);

  private final Clock system;
  private final LongSupplier elapsed;

  private Instant last;
  private long lastElapsed;
  private Duration ahead = Duration.ZERO;

  /**
   * Begins at the time of the system.
   *
   * @param system the clock that may be set
   * @param elapsed nanoseconds that pass whatever is done to the clock, as {@link System#nanoTime}
   */
  public SteadyClock(Clock system, LongSupplier elapsed) {
    this.system = system;
    this.elapsed = elapsed;
    this.lastElapsed = elapsed.getAsLong();
    this.last = system.instant();
  }

  @Override
  public synchronized Instant instant() {
    long nanos = elapsed.getAsLong();
    Instant least = last.plusNanos(nanos - lastElapsed);
    Instant told = system.instant().plus(ahead);
    Duration behind = Duration.between(told, least);
    if (behind.compareTo(SMALL) > 0) {
      ahead = ahead.plus(behind);
      told = least;
    }
    last = told.isBefore(last) ? last : told;
    lastElapsed = nanos;
    return last;
  }

  @Override
  public ZoneId getZone() {
    return system.getZone();
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return new SteadyClock(system.withZone(zone), elapsed);
  }
}
