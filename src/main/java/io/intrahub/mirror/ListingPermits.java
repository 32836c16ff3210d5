package io.intrahub.mirror;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Limits how many listings are learned at the same time, in total and for one client: a client that
 * asks for many long listings must leave permits to the others. Permits are granted in the order in
 * which they were asked for, except that a client at its limit is passed over.
 *
 * <p>Safe for use by many threads. {@code lock} guards all fields but the final ones; it is a leaf.
 */
final class ListingPermits {
  private final int perClient;
  private final ReentrantLock lock = new ReentrantLock();

  /** In the order in which they came. */
  private final List<Waiter> waiters = new ArrayList<>();

  /** Permits in use, by client. A client without one has no entry. */
  private final Map<String, Integer> inUse = new HashMap<>();

  private int free;

  /** Somebody who waits for a permit. Owner: the lock. */
  private static final class Waiter {
    private final String client;
    private final Condition changed;
    private boolean granted;

    Waiter(String client, Condition changed) {
      this.client = client;
      this.changed = changed;
    }
  }

  /**
   * All permits are free.
   *
   * @param total at least 1; one client gets half of them, rounded up
   */
  ListingPermits(int total) {
    this.free = total;
    this.perClient = (total + 1) / 2;
  }

  /**
   * Waits for a permit.
   *
   * @param client whose limit it counts against
   * @throws InterruptedException when interrupted; no permit is held then
   */
  void acquire(String client) throws InterruptedException {
    lock.lock();
    try {
      Waiter waiter = new Waiter(client, lock.newCondition());
      waiters.add(waiter);
      grant();
      try {
        while (!waiter.granted) {
          waiter.changed.await();
        }
      } catch (InterruptedException e) {
        if (!waiters.remove(waiter)) {
          giveBack(client);
        }
        throw e;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Returns a permit that this client acquired. */
  void release(String client) {
    lock.lock();
    try {
      giveBack(client);
    } finally {
      lock.unlock();
    }
  }

  private void giveBack(String client) {
    inUse.computeIfPresent(client, (c, n) -> n == 1 ? null : n - 1);
    free++;
    grant();
  }

  private void grant() {
    Iterator<Waiter> all = waiters.iterator();
    while (free > 0 && all.hasNext()) {
      Waiter waiter = all.next();
      if (inUse.getOrDefault(waiter.client, 0) < perClient) {
        all.remove();
        inUse.merge(waiter.client, 1, Integer::sum);
        free--;
        waiter.granted = true;
        waiter.changed.signal();
      }
    }
  }
}
