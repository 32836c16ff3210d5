package io.intrahub.devhub;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A place where answers stop until a test lets them go on. Safe for all threads. */
public final class Stall {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final CountDownLatch released = new CountDownLatch(1);
  private final AtomicInteger reached = new AtomicInteger();
  private final Semaphore arrivals = new Semaphore(0);

  Stall() {}

  /** How many answers have come to this place so far. */
  public int reached() {
    return reached.get();
  }

  /**
   * Waits until this many answers have come to this place, at most 30 seconds.
   *
   * @throws AssertionError if fewer came
   */
  public void awaitReached(int n) {
    try {
      if (!arrivals.tryAcquire(n, PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw new AssertionError("only " + reached() + " of " + n + " answers reached the stall");
      }
      arrivals.release(n);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while waiting for a stall", e);
    }
  }

  /** Lets all answers go on, now and for ever. */
  public void release() {
    released.countDown();
  }

  void pass() throws InterruptedException {
    reached.incrementAndGet();
    arrivals.release();
    released.await();
  }
}
