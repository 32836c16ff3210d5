package io.intrahub.mirror;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Limits how many listings are learned at the same time, in total and for one client: a client that
 * asks for many long listings must leave permits to the others. Permits are granted in the order in
 * which they were asked for, except that a client at its limit is passed over. When a client is
 * about to ask upstream itself because a listing still waits, that listing gets a permit beyond the
 * total: otherwise each client that waits for it would make a call of its own.
 *
 * <p>Safe for use by many threads. {@code lock} guards all fields but the final ones; it is a leaf.
 */
final class ListingPermits {
  /** For each permit, how many listings may be learned beyond the total. */
  private static final int EXTRA = 3;

  private final int perClient;
  private final int extra;
  private final ReentrantLock lock = new ReentrantLock();

  /** In the order in which they came. */
  private final List<Waiter> waiters = new ArrayList<>();

  /** Permits in use, by client. A client without one has no entry. */
  private final Map<String, Integer> inUse = new HashMap<>();

  /** Negative while listings are learned beyond the total. */
  private int free;

  /** Somebody who waits for a permit. Owner: the lock. */
  private static final class Waiter {
    private final Object listing;
    private final Condition changed;
    private String client;
    private boolean granted;

    Waiter(Object listing, String client, Condition changed) {
      this.listing = listing;
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
    this.extra = EXTRA * total;
  }

  /**
   * Waits for a permit.
   *
   * @param listing names what is to be learned, for {@link #hurry}
   * @param client whose limit it counts against
   * @return the client to {@link #release} it for: this one, or one that was in a hurry
   * @throws InterruptedException when interrupted; no permit is held then
   */
  String acquire(Object listing, String client) throws InterruptedException {
    lock.lock();
    try {
      Waiter waiter = new Waiter(listing, client, lock.newCondition());
      waiters.add(waiter);
      grant();
      try {
        while (!waiter.granted) {
          waiter.changed.await();
        }
        return waiter.client;
      } catch (InterruptedException e) {
        if (!waiters.remove(waiter)) {
          giveBack(waiter.client);
        }
        throw e;
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Grants a listing that waits a permit beyond the total, unless there are too many of them or
   * this client is at its limit, against which it counts.
   *
   * @return whether the listing waits no longer
   */
  boolean hurry(Object listing, String client) {
    lock.lock();
    try {
      Optional<Waiter> waiter = waiters.stream().filter(w -> w.listing.equals(listing)).findFirst();
      if (waiter.isEmpty()) {
        return true;
      }
      if (free <= -extra || isAtLimit(client)) {
        return false;
      }
      waiters.remove(waiter.get());
      waiter.get().client = client;
      grant(waiter.get());
      return true;
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
      if (!isAtLimit(waiter.client)) {
        all.remove();
        grant(waiter);
      }
    }
  }

  private boolean isAtLimit(String client) {
    return inUse.getOrDefault(client, 0) >= perClient;
  }

  private void grant(Waiter waiter) {
    inUse.merge(waiter.client, 1, Integer::sum);
    free--;
    waiter.granted = true;
    waiter.changed.signal();
  }
}
