package io.intrahub.transfer.core;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** Time that passes when a simulation says so. For one thread. */
final class SimClock extends Clock {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private long nanos;

  /** In nanoseconds. */
  long now() {
    return nanos;
  }

  void advance(long by) {
    nanos += by;
  }

  void advanceTo(long at) {
    nanos = Math.max(nanos, at);
  }

  @Override
  public Instant instant() {
    return START.plusNanos(nanos);
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return Clock.fixed(instant(), zone);
  }
}
