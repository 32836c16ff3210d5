package io.intrahub.transfer.limits;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Limits how many bytes per second come from upstream over all connections. A thread that has read
 * pauses for as long as its bytes take at this rate. Bytes that no client waits for get a share of
 * the bandwidth only, also without a rate. Safe for use by many threads.
 */
public final class BandwidthLimiter {
  /** A pause after which a burst is allowed again, in nanoseconds. */
  private static final long BURST = 50_000_000L;

  private final long bytesPerSecond;
  private final LongSupplier nanos;
  private final LongAdder clientBytes = new LongAdder();
  private final BackgroundLimiter background;

  /** When all that was read so far is paid for. Guarded by this. */
  private long paidUntil;

  /**
   * Creates a limiter.
   *
   * @param bytesPerSecond 0: as fast as they come
   * @param nanos a time that never goes back
   */
  public BandwidthLimiter(long bytesPerSecond, LongSupplier nanos) {
    this.bytesPerSecond = bytesPerSecond;
    this.nanos = nanos;
    this.paidUntil = nanos.getAsLong();
    this.background = new BackgroundLimiter(bytesPerSecond, clientBytes::sum, nanos);
  }

  /**
   * Counts bytes that were read.
   *
   * @return nanoseconds to rest before reading more
   */
  public long account(long n) {
    if (bytesPerSecond == 0) {
      return 0;
    }
    synchronized (this) {
      long now = nanos.getAsLong();
      paidUntil = Math.max(paidUntil, now - BURST) + n * 1_000_000_000L / bytesPerSecond;
      return Math.max(0, paidUntil - now);
    }
  }

  /**
   * Counts bytes that were read for a client, and rests.
   *
   * @param small whether they belong to a small content, which is counted and does not wait
   * @throws InterruptedException when the thread is stopped meanwhile
   */
  public void throttle(long n, boolean small) throws InterruptedException {
    clientBytes.add(n);
    long pause = account(n);
    if (pause > 0 && !small) {
      TimeUnit.NANOSECONDS.sleep(pause);
    }
  }

  /**
   * Counts bytes that were read and that no client waits for, and rests.
   *
   * @param stillBackground whether still no client waits for more and more is wanted; a rest ends
   *     within a quarter of a second if not
   * @throws InterruptedException when the thread is stopped meanwhile
   */
  public void throttleBackground(long n, BooleanSupplier stillBackground)
      throws InterruptedException {
    background.throttle(n, account(n), stillBackground);
  }
}
