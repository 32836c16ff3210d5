package io.intrahub.transfer.limits;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Limits pass-through streams: each holds a connection to upstream for as long as its client takes.
 * One client gets three quarters of them at most, so that it can't keep the others out.
 *
 * <p>Safe for use by many threads. {@code lock} guards all mutable fields; it is a leaf.
 */
public final class PassThroughPermits {
  private final int total;
  private final int perClient;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition released = lock.newCondition();

  /** Permits of each client that has any. */
  private final Map<String, Integer> inUse = new HashMap<>();

  private int totalInUse;

  /**
   * Makes permits that nobody has.
   *
   * @param total 1 or more
   */
  public PassThroughPermits(int total) {
    this.total = total;
    this.perClient = Math.max(1, total - total / 4);
  }

  /** The right to one stream. To be closed once. */
  public final class Permit implements AutoCloseable {
    private final String client;

    private Permit(String client) {
      this.client = client;
    }

    @Override
    public void close() {
      lock.lock();
      try {
        totalInUse--;
        inUse.computeIfPresent(client, (k, n) -> n == 1 ? null : n - 1);
        released.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * Waits for a permit.
   *
   * @return empty when there was none in this time
   * @throws InterruptedException when the waiting thread is stopped
   */
  public Optional<Permit> acquire(String client, Duration timeout) throws InterruptedException {
    long left = timeout.toNanos();
    lock.lock();
    try {
      while (totalInUse >= total || inUse.getOrDefault(client, 0) >= perClient) {
        if (left <= 0) {
          return Optional.empty();
        }
        left = released.awaitNanos(left);
      }
      totalInUse++;
      inUse.merge(client, 1, Integer::sum);
      return Optional.of(new Permit(client));
    } finally {
      lock.unlock();
    }
  }
}
