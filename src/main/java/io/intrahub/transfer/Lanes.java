package io.intrahub.transfer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Connections to upstream: so many to each host, so many in all. Who comes when they are all taken
 * waits in line and is not refused: first the small contents, then what a client waits for, then
 * the rest, each in the order of coming. A quarter is for small contents only, so that a page of
 * configuration files never waits for the end of a model.
 *
 * <p>Safe for use by many threads. {@code lock} guards all mutable fields; it is a leaf.
 */
final class Lanes {
  /** Who goes first. */
  enum Urgency {
    /** A content that is there in no time. */
    SMALL,
    /** A client waits. */
    READER,
    /** Nobody waits. */
    BACKGROUND
  }

  private final int perHost;
  private final int inAll;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Integer> taken = new HashMap<>();
  private int takenInAll;
  private final List<Waiter> line = new ArrayList<>();
  private long arrivals;

  private final class Waiter {
    final String host;
    final Urgency urgency;
    final long arrival = arrivals++;
    final Condition admitted = lock.newCondition();
    boolean in;

    Waiter(String host, Urgency urgency) {
      this.host = host;
      this.urgency = urgency;
    }
  }

  /**
   * Lanes, all free.
   *
   * @param perHost connections to one host, 1 or more
   * @param inAll connections to all hosts, 1 or more
   */
  Lanes(int perHost, int inAll) {
    this.perHost = perHost;
    this.inAll = inAll;
  }

  /** One connection's place. To be closed once. */
  final class Place implements AutoCloseable {
    private final String host;

    private Place(String host) {
      this.host = host;
    }

    @Override
    public void close() {
      lock.lock();
      try {
        taken.merge(host, -1, (a, b) -> a + b == 0 ? null : a + b);
        takenInAll--;
        admit();
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * Waits for a place.
   *
   * @throws InterruptedException when the waiting thread is stopped
   */
  Place enter(String host, Urgency urgency) throws InterruptedException {
    lock.lock();
    try {
      Waiter waiter = new Waiter(host, urgency);
      line.add(waiter);
      admit();
      try {
        while (!waiter.in) {
          waiter.admitted.await();
        }
      } catch (InterruptedException e) {
        line.remove(waiter);
        if (waiter.in) {
          new Place(host).close();
        }
        throw e;
      }
      return new Place(host);
    } finally {
      lock.unlock();
    }
  }

  /** Whether somebody waits whom one connection less to this host might help. */
  boolean isContended(String host) {
    lock.lock();
    try {
      return line.stream()
          .anyMatch(
              w -> w.host.equals(host) || takenInAll >= share(inAll, w.urgency == Urgency.SMALL));
    } finally {
      lock.unlock();
    }
  }

  /** Connections that are made or being made. */
  int taken() {
    lock.lock();
    try {
      return takenInAll;
    } finally {
      lock.unlock();
    }
  }

  /** How many wait. */
  int waiting() {
    lock.lock();
    try {
      return line.size();
    } finally {
      lock.unlock();
    }
  }

  private void admit() {
    if (line.isEmpty()) {
      return;
    }
    List<Waiter> order = new ArrayList<>(line);
    order.sort(Comparator.comparing((Waiter w) -> w.urgency).thenComparingLong(w -> w.arrival));
    for (Waiter waiter : order) {
      boolean small = waiter.urgency == Urgency.SMALL;
      if (takenInAll < share(inAll, small)
          && taken.getOrDefault(waiter.host, 0) < share(perHost, small)) {
        taken.merge(waiter.host, 1, Integer::sum);
        takenInAll++;
        waiter.in = true;
        line.remove(waiter);
        waiter.admitted.signal();
      }
    }
  }

  private static int share(int all, boolean small) {
    return small ? all : Math.max(1, all - all / 4);
  }
}
