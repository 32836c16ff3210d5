package io.intrahub.transfer.limits;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Limits connections per host, connections in total, and the number of large blobs downloading at
 * once. Requests beyond these limits are queued, not refused: small blobs first, then what a client
 * waits for, then the rest, each in order of arrival. A quarter of the permits is for small blobs
 * only, so that configuration files never wait for the end of a model.
 *
 * <p>A large blob gets no additional connection while another one waits for its first. So its turn
 * ends with the runs that it has, and every queued blob makes progress: a client that receives no
 * byte for long gives up.
 *
 * <p>Safe for use by many threads. {@code lock} guards all mutable fields; it is a leaf.
 */
public final class ConnectionLimiter {
  /** Which of the waiting goes first. */
  public enum Priority {
    /** A content that is there in no time. */
    SMALL,
    /** A client waits. */
    READER,
    /** Nobody waits. */
    BACKGROUND
  }

  private final int perHost;
  private final int total;
  private final int largeBlobs;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Integer> inUse = new HashMap<>();
  private int totalInUse;

  /** The large contents in flight, and how many connections each has. */
  private final Map<Object, Integer> inFlight = new HashMap<>();

  private final List<Waiter> queue = new ArrayList<>();
  private long arrivals;

  /**
   * Cancels one wait for a permit, whether it has begun or not. A permit that was granted before
   * stays granted. Safe for use by many threads.
   */
  public final class Cancellation {
    private boolean isCancelled;
    private @Nullable Waiter waiter;

    /** Ends the wait. */
    public void cancel() {
      lock.lock();
      try {
        isCancelled = true;
        if (waiter != null) {
          waiter.granted.signal();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /** Returns what cancels a later {@link #acquire(String, Priority, Object, Cancellation)}. */
  public Cancellation cancellation() {
    return new Cancellation();
  }

  private final class Waiter {
    final String host;
    final Object content;
    final long arrival = arrivals++;
    final Condition granted = lock.newCondition();
    Priority priority;
    boolean isGranted;

    Waiter(String host, Priority priority, Object content) {
      this.host = host;
      this.priority = priority;
      this.content = content;
    }

    boolean isSmall() {
      return priority == Priority.SMALL;
    }
  }

  /**
   * Creates a limiter with all permits free.
   *
   * @param perHost connections to one host, 1 or more
   * @param total connections to all hosts, 1 or more
   * @param largeBlobs large ones that have any, 1 or more
   */
  public ConnectionLimiter(int perHost, int total, int largeBlobs) {
    this.perHost = perHost;
    this.total = total;
    this.largeBlobs = largeBlobs;
  }

  /** Permission to hold one connection. To be closed once. */
  public final class Permit implements AutoCloseable {
    private final Waiter owner;

    private Permit(Waiter owner) {
      this.owner = owner;
    }

    @Override
    public void close() {
      lock.lock();
      try {
        count(owner, -1);
        grant();
      } finally {
        lock.unlock();
      }
    }
  }

  private void count(Waiter waiter, int n) {
    totalInUse += n;
    count(inUse, waiter.host, n);
    if (!waiter.isSmall()) {
      count(inFlight, waiter.content, n);
    }
  }

  private static <K> void count(Map<K, Integer> numbers, K key, int n) {
    numbers.merge(key, n, (a, b) -> a + b == 0 ? null : a + b);
  }

  /**
   * Waits for a permit.
   *
   * @param content what will be fetched, the same object for all connections that do
   * @throws InterruptedException when the waiting thread is stopped
   */
  public Permit acquire(String host, Priority priority, Object content)
      throws InterruptedException {
    return acquire(host, priority, content, new Cancellation()).orElseThrow();
  }

  /** Waits for a permit; empty when the wait was cancelled. */
  public Optional<Permit> acquire(
      String host, Priority priority, Object content, Cancellation cancellation)
      throws InterruptedException {
    return acquire(host, priority, content, cancellation, Long.MAX_VALUE);
  }

  /**
   * Waits for a permit, but no longer than {@code timeout}. Empty when none was granted in time.
   */
  public Optional<Permit> acquire(String host, Priority priority, Object content, Duration timeout)
      throws InterruptedException {
    return acquire(host, priority, content, new Cancellation(), timeout.toNanos());
  }

  private Optional<Permit> acquire(
      String host, Priority priority, Object content, Cancellation cancellation, long timeoutNanos)
      throws InterruptedException {
    long left = timeoutNanos;
    lock.lock();
    try {
      Waiter waiter = new Waiter(host, priority, content);
      cancellation.waiter = waiter;
      queue.add(waiter);
      grant();
      try {
        while (!waiter.isGranted && !cancellation.isCancelled && left > 0) {
          left = waiter.granted.awaitNanos(left);
        }
      } catch (InterruptedException e) {
        leave(waiter);
        if (waiter.isGranted) {
          new Permit(waiter).close();
        }
        throw e;
      } finally {
        cancellation.waiter = null;
      }
      leave(waiter);
      return waiter.isGranted ? Optional.of(new Permit(waiter)) : Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  private void leave(Waiter waiter) {
    if (queue.remove(waiter)) {
      // It may have been the one that nothing behind it was granted for.
      grant();
    }
  }

  /** A client waits for this content from now on: its queued requests move up. */
  public void promote(Object content) {
    lock.lock();
    try {
      queue.stream()
          .filter(w -> w.content.equals(content) && w.priority == Priority.BACKGROUND)
          .forEach(w -> w.priority = Priority.READER);
      grant();
    } finally {
      lock.unlock();
    }
  }

  /** Whether somebody waits whom one connection less to this host might help. */
  public boolean isContended(String host) {
    lock.lock();
    try {
      return queue.stream()
          .anyMatch(w ->
              w.host.equals(host) || totalInUse >= share(total, w.isSmall()) || !mayBeInFlight(w));
    } finally {
      lock.unlock();
    }
  }

  /** Connections that are open or being opened. */
  public int inUse() {
    lock.lock();
    try {
      return totalInUse;
    } finally {
      lock.unlock();
    }
  }

  /** How many wait for this content. */
  public int waitingFor(Object content) {
    lock.lock();
    try {
      return (int) queue.stream().filter(w -> w.content.equals(content)).count();
    } finally {
      lock.unlock();
    }
  }

  /** How many wait. */
  public int waiting() {
    lock.lock();
    try {
      return queue.size();
    } finally {
      lock.unlock();
    }
  }

  private void grant() {
    if (queue.isEmpty()) {
      return;
    }
    List<Waiter> order = new ArrayList<>(queue);
    order.sort(Comparator.comparing((Waiter w) -> w.priority).thenComparingLong(w -> w.arrival));
    for (Waiter waiter : order) {
      if (!hasConnectionFor(waiter)) {
        continue;
      }
      if (!mayBeInFlight(waiter)) {
        // It lacks nothing but its turn. Nothing behind it is granted: only a blob that is in
        // flight could be, and by taking one connection after the other it would never end its
        // turn.
        return;
      }
      count(waiter, 1);
      waiter.isGranted = true;
      queue.remove(waiter);
      waiter.granted.signal();
    }
  }

  private boolean hasConnectionFor(Waiter waiter) {
    boolean small = waiter.isSmall();
    return totalInUse < share(total, small)
        && inUse.getOrDefault(waiter.host, 0) < share(perHost, small);
  }

  /** Small contents are there in no time: they are bounded by their connections alone. */
  private boolean mayBeInFlight(Waiter waiter) {
    return waiter.isSmall() || inFlight.containsKey(waiter.content) || inFlight.size() < largeBlobs;
  }

  private static int share(int all, boolean small) {
    return small ? all : Math.max(1, all - all / 4);
  }
}
