package io.intrahub.devhub;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** Time that nobody waits for: it passes at once, and only as far as somebody would wait. */
final class SkippedTime extends DevWaiting {
  private final AtomicLong now = new AtomicLong();

  @Override
  long now() {
    return now.get();
  }

  @Override
  void until(long nanos) {
    now.accumulateAndGet(nanos, Math::max);
  }

  /** What has passed since the beginning. */
  Duration passed() {
    return Duration.ofNanos(now.get());
  }
}
