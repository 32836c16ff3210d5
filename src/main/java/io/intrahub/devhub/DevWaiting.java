package io.intrahub.devhub;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The time by which answers are delayed and paced: real time, unless a test replaces it. Waits end
 * at once when the Hub closes. Safe for all threads.
 */
class DevWaiting {
  private final CountDownLatch closed = new CountDownLatch(1);

  /** The present moment in nanoseconds, as {@link System#nanoTime}. */
  long now() {
    return System.nanoTime();
  }

  /** Waits until this moment, as {@link #now} counts. */
  void until(long nanos) throws InterruptedException {
    long left = nanos - now();
    if (left > 0 && closed.await(left, TimeUnit.NANOSECONDS)) {
      throw new InterruptedException("the Hub has closed");
    }
  }

  final void of(Duration time) throws InterruptedException {
    until(now() + time.toNanos());
  }

  final void close() {
    closed.countDown();
  }
}
