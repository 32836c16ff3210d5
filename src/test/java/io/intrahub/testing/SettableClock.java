package io.intrahub.testing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** A clock that a test moves by hand, in both directions. Safe for use by many threads. */
public final class SettableClock extends Clock {
  private volatile Instant now = Instant.parse("2026-06-01T10:00:00Z");

  /** Moves it forward. */
  public synchronized void pass(Duration time) {
    now = now.plus(time);
  }

  /** Moves it back, as an administrator or NTP does. */
  public synchronized void setBack(Duration time) {
    now = now.minus(time);
  }

  @Override
  public Instant instant() {
    return now;
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
