package io.intrahub.transfer;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How fast bytes may come from upstream, all connections together. Who has read takes a rest that
 * makes up for it. Safe for use by many threads.
 */
final class Pace {
  /** A pause after which a burst is allowed again, in nanoseconds. */
  private static final long BURST = 50_000_000L;

  private final long bytesPerSecond;
  private final LongSupplier nanos;

  /** When all that was read so far is paid for. Guarded by this. */
  private long paidUntil;

  /**
   * A pace.
   *
   * @param bytesPerSecond 0: as fast as they come
   * @param nanos a time that never goes back
   */
  Pace(long bytesPerSecond, LongSupplier nanos) {
    this.bytesPerSecond = bytesPerSecond;
    this.nanos = nanos;
    this.paidUntil = nanos.getAsLong();
  }

  /**
   * Counts bytes that were read.
   *
   * @return nanoseconds to rest before reading more
   */
  long read(long n) {
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
   * Counts bytes that were read, and rests.
   *
   * @param small whether they belong to a small content, which is counted and does not wait
   * @throws InterruptedException when the thread is stopped meanwhile
   */
  void keep(long n, boolean small) throws InterruptedException {
    long rest = read(n);
    if (rest > 0 && !small) {
      TimeUnit.NANOSECONDS.sleep(rest);
    }
  }
}
