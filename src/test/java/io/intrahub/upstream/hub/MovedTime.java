package io.intrahub.upstream.hub;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** Time that passes only while something sleeps, and then at once. */
class MovedTime implements RetryTiming {
  private final AtomicLong now = new AtomicLong();

  @Override
  public long nanoTime() {
    return now.get();
  }

  @Override
  public void sleep(long nanos) {
    now.addAndGet(nanos);
  }

  /** Lets time pass. */
  void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  /** What has passed since the beginning. */
  Duration passed() {
    return Duration.ofNanos(now.get());
  }
}
