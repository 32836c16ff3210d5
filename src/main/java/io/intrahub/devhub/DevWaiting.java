package io.intrahub.devhub;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waits in real time that end at once when the Hub closes. Safe for all threads. */
final class DevWaiting {
  private final CountDownLatch closed = new CountDownLatch(1);

  void of(Duration time) throws InterruptedException {
    nanos(time.toNanos());
  }

  void nanos(long nanos) throws InterruptedException {
    if (nanos > 0 && closed.await(nanos, TimeUnit.NANOSECONDS)) {
      throw new InterruptedException("the Hub has closed");
    }
  }

  void close() {
    closed.countDown();
  }
}
