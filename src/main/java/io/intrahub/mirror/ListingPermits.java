package io.intrahub.mirror;

import io.intrahub.base.MemoryBudget;
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
 * which they were asked for, except that a client at its limit is passed over.
 *
 * <p>When a client is about to ask upstream itself because a listing still waits, that listing gets
 * an extra permit: otherwise each client that waits for it would make a call of its own. Extra
 * permits are counted apart from the others, so a listing for which no client is in a hurry gets
 * its permit in its turn, however many extra permits are in use.
 *
 * <p>Safe for use by many threads. {@code lock} guards all fields but the final ones; it is a leaf.
 */
final class ListingPermits {
  /** Listings learned at the same time, at most, if no client is in a hurry. */
  private static final int MAX_AT_ONCE = 8;

  /** Further listings that are learned for clients in a hurry, at most. */
  private static final int MAX_EXTRA = 24;

  /** Bytes of memory that learning a large listing takes: a chunk of entries, and an index. */
  private static final long LISTING_BYTES = 3L << 19;

  private final int perClient;
  private final ReentrantLock lock = new ReentrantLock();

  /** In the order in which they came. */
  private final List<Waiter> waiters = new ArrayList<>();

  private final Pool regular;
  private final Pool extra;

  /** The permits of one kind. Owner: the lock. */
  private static final class Pool {
    private int free;

    /** Permits in use, by client. A client without one has no entry. */
    private final Map<String, Integer> inUse = new HashMap<>();

    Pool(int free) {
      this.free = free;
    }

    int inUse(String client) {
      return inUse.getOrDefault(client, 0);
    }

    void take(String client) {
      inUse.merge(client, 1, Integer::sum);
      free--;
    }

    void giveBack(String client) {
      inUse.computeIfPresent(client, (c, n) -> n == 1 ? null : n - 1);
      free++;
    }
  }

  /**
   * The right to learn one listing.
   *
   * @param client whose limit it counts against: the one that asked, or one that was in a hurry
   * @param isExtra whether it is beyond the total
   */
  record Permit(String client, boolean isExtra) {}

  /** Somebody who waits for a permit. Owner: the lock. */
  private static final class Waiter {
    private final Object listing;
    private final String client;
    private final Condition changed;
    private Optional<Permit> granted = Optional.empty();

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
   * @param extra permits for clients in a hurry, or 0
   */
  ListingPermits(int total, int extra) {
    this.perClient = (total + 1) / 2;
    this.regular = new Pool(total);
    this.extra = new Pool(extra);
  }

  /**
   * As many permits as find memory: the listings that began first must not leave the others
   * without, and all of them together leave half of it to everything else.
   */
  static ListingPermits of(MemoryBudget budget) {
    int total = Math.clamp(budget.share() / LISTING_BYTES, 1, MAX_AT_ONCE);
    long all = budget.usage().total() / 2 / LISTING_BYTES;
    return new ListingPermits(total, Math.clamp(all - total, 0, MAX_EXTRA));
  }

  /**
   * Waits for a permit.
   *
   * @param listing names what is to be learned, for {@link #hurry}
   * @param client whose limit it counts against
   * @return to be given to {@link #release}
   * @throws InterruptedException when interrupted; no permit is held then
   */
  Permit acquire(Object listing, String client) throws InterruptedException {
    lock.lock();
    try {
      Waiter waiter = new Waiter(listing, client, lock.newCondition());
      waiters.add(waiter);
      grantInTurn();
      try {
        while (waiter.granted.isEmpty()) {
          waiter.changed.await();
        }
        return waiter.granted.get();
      } catch (InterruptedException e) {
        waiters.remove(waiter);
        waiter.granted.ifPresent(this::giveBack);
        throw e;
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Grants a listing that waits an extra permit, unless there is none left or this client, against
   * which it counts, has as many permits of both kinds as one client may have in turn.
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
      if (extra.free == 0 || regular.inUse(client) + extra.inUse(client) >= perClient) {
        return false;
      }
      waiters.remove(waiter.get());
      grant(waiter.get(), new Permit(client, true));
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Returns a permit that was acquired. */
  void release(Permit permit) {
    lock.lock();
    try {
      giveBack(permit);
    } finally {
      lock.unlock();
    }
  }

  private Pool pool(Permit permit) {
    return permit.isExtra() ? extra : regular;
  }

  private void giveBack(Permit permit) {
    pool(permit).giveBack(permit.client());
    grantInTurn();
  }

  private void grantInTurn() {
    Iterator<Waiter> all = waiters.iterator();
    while (regular.free > 0 && all.hasNext()) {
      Waiter waiter = all.next();
      // Its extra permits don't count: a client that always has some would never get its turn.
      if (regular.inUse(waiter.client) < perClient) {
        all.remove();
        grant(waiter, new Permit(waiter.client, false));
      }
    }
  }

  private void grant(Waiter waiter, Permit permit) {
    pool(permit).take(permit.client());
    waiter.granted = Optional.of(permit);
    waiter.changed.signal();
  }
}
