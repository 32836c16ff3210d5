package io.intrahub.transfer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Connections to upstream: so many to each host, so many in all, for so many large contents at a
 * time. Who comes when they are all taken waits in line and is not refused: first the small
 * contents, then what a client waits for, then the rest, each in the order of coming. A quarter is
 * for small contents only, so that a page of configuration files never waits for the end of a
 * model.
 *
 * <p>A large content is in flight as long as it has a connection, and gets no further one while
 * another waits for its turn. So it gives its turn away with the runs that it has, and of many in
 * line each gets on: a client that sees no byte for long gives up.
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
  private final int contents;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Integer> taken = new HashMap<>();
  private int takenInAll;

  /** The large contents in flight, and how many connections each has. */
  private final Map<Object, Integer> inFlight = new HashMap<>();

  private final List<Waiter> line = new ArrayList<>();
  private long arrivals;

  private final class Waiter {
    final String host;
    final Object content;
    final long arrival = arrivals++;
    final Condition admitted = lock.newCondition();
    Urgency urgency;
    boolean in;

    Waiter(String host, Urgency urgency, Object content) {
      this.host = host;
      this.urgency = urgency;
      this.content = content;
    }

    boolean isSmall() {
      return urgency == Urgency.SMALL;
    }
  }

  /**
   * Lanes, all free.
   *
   * @param perHost connections to one host, 1 or more
   * @param inAll connections to all hosts, 1 or more
   * @param contents large ones that have any, 1 or more
   */
  Lanes(int perHost, int inAll, int contents) {
    this.perHost = perHost;
    this.inAll = inAll;
    this.contents = contents;
  }

  /** One connection's place. To be closed once. */
  final class Place implements AutoCloseable {
    private final Waiter owner;

    private Place(Waiter owner) {
      this.owner = owner;
    }

    @Override
    public void close() {
      lock.lock();
      try {
        count(owner, -1);
        admit();
      } finally {
        lock.unlock();
      }
    }
  }

  private void count(Waiter waiter, int n) {
    takenInAll += n;
    count(taken, waiter.host, n);
    if (!waiter.isSmall()) {
      count(inFlight, waiter.content, n);
    }
  }

  private static <K> void count(Map<K, Integer> numbers, K key, int n) {
    numbers.merge(key, n, (a, b) -> a + b == 0 ? null : a + b);
  }

  /**
   * Waits for a place.
   *
   * @param content what will be fetched, the same object for all connections that do
   * @throws InterruptedException when the waiting thread is stopped
   */
  Place enter(String host, Urgency urgency, Object content) throws InterruptedException {
    return enter(host, urgency, content, Long.MAX_VALUE).orElseThrow();
  }

  /** Waits for a place, but no longer than so. Empty when there was none. */
  Optional<Place> enter(String host, Urgency urgency, Object content, Duration atMost)
      throws InterruptedException {
    return enter(host, urgency, content, atMost.toNanos());
  }

  private Optional<Place> enter(String host, Urgency urgency, Object content, long nanos)
      throws InterruptedException {
    long left = nanos;
    lock.lock();
    try {
      Waiter waiter = new Waiter(host, urgency, content);
      line.add(waiter);
      admit();
      try {
        while (!waiter.in && left > 0) {
          left = waiter.admitted.awaitNanos(left);
        }
      } catch (InterruptedException e) {
        line.remove(waiter);
        if (waiter.in) {
          new Place(waiter).close();
        }
        throw e;
      }
      line.remove(waiter);
      return waiter.in ? Optional.of(new Place(waiter)) : Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /** A client waits for this content from now on: what stands in line for it moves up. */
  void awaited(Object content) {
    lock.lock();
    try {
      line.stream()
          .filter(w -> w.content.equals(content) && w.urgency == Urgency.BACKGROUND)
          .forEach(w -> w.urgency = Urgency.READER);
      admit();
    } finally {
      lock.unlock();
    }
  }

  /** Whether somebody waits whom one connection less to this host might help. */
  boolean isContended(String host) {
    lock.lock();
    try {
      return line.stream()
          .anyMatch(w ->
              w.host.equals(host) || takenInAll >= share(inAll, w.isSmall()) || !mayBeInFlight(w));
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

  /** How many wait for this content. */
  int waitingFor(Object content) {
    lock.lock();
    try {
      return (int) line.stream().filter(w -> w.content.equals(content)).count();
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
      if (!isConnectionFor(waiter)) {
        continue;
      }
      if (!mayBeInFlight(waiter)) {
        // All it lacks is a turn. Nobody behind it gets in: another content could only have a turn
        // already, and with one connection after the other it would never give that away.
        return;
      }
      count(waiter, 1);
      waiter.in = true;
      line.remove(waiter);
      waiter.admitted.signal();
    }
  }

  private boolean isConnectionFor(Waiter waiter) {
    boolean small = waiter.isSmall();
    return takenInAll < share(inAll, small)
        && taken.getOrDefault(waiter.host, 0) < share(perHost, small);
  }

  /** Small contents are there in no time: they are bounded by their connections alone. */
  private boolean mayBeInFlight(Waiter waiter) {
    return waiter.isSmall() || inFlight.containsKey(waiter.content) || inFlight.size() < contents;
  }

  private static int share(int all, boolean small) {
    return small ? all : Math.max(1, all - all / 4);
  }
}
