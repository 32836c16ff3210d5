package io.intrahub.base;

import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One budget of heap bytes, shared by everything that buffers data whose size a client or upstream
 * chooses: request bodies, the first part of answers, listings. Without it, many harmless buffers
 * at once could end the process for lack of memory. Error texts of upstream are not in it: they
 * have 8 KiB at most for each call in progress.
 *
 * <p>A reservation that does not fit waits for a moment and is then refused. An owner may hold a
 * third of what is free at that moment (dynamic thresholds, Choudhury and Hahne 1998): alone it
 * gets a quarter of the total, and the more others hold, the less it gets. So a few clients that
 * hold all they can get and release nothing leave enough for one that needs little; with fixed
 * shares of a quarter, four of them would have everything.
 *
 * <p>When memory is released, the reservation whose owner would hold the least goes first, and
 * among equals the one that waited longest. So a client that holds little never waits behind many
 * that hold much and want more. Only reservations that got their memory are woken up.
 *
 * <p>Safe for use by many threads. {@code lock} guards all mutable fields, those of reservations
 * included; it is a leaf and is held for no I/O.
 */
public final class MemoryBudget {
  /** So many times what an owner holds must stay free. */
  private static final int FREE_PER_HELD = 3;

  private final long total;
  private final long share;
  private final Duration patience;
  private final ReentrantLock lock = new ReentrantLock();

  /** Bytes reserved by each owner that holds any. */
  private final Map<String, Long> byOwner = new HashMap<>();

  /** Reservations that wait, in the order in which they came. */
  private final List<Waiter> waiters = new ArrayList<>();

  private long used;
  private long refusals;

  /** A reservation that waits for more memory. Guarded by the lock. */
  private static final class Waiter {
    private final Reservation reservation;
    private final long more;
    private final Condition granted;
    private boolean isGranted;

    Waiter(Reservation reservation, long more, Condition granted) {
      this.reservation = reservation;
      this.more = more;
      this.granted = granted;
    }
  }

  /**
   * Creates an unused budget.
   *
   * @param total bytes, 1 or more
   * @param patience how long a reservation waits for memory before it is refused
   */
  public MemoryBudget(long total, Duration patience) {
    if (total < 1) {
      throw new IllegalArgumentException("a budget needs at least one byte: " + total);
    }
    this.total = total;
    this.share = Math.max(1, total / (1 + FREE_PER_HELD));
    this.patience = patience;
  }

  /**
   * Begins a reservation of no bytes.
   *
   * @param owner whose share it counts against: a client's address, or the name of a background job
   */
  public Reservation reservation(String owner) {
    return new Reservation(owner);
  }

  /** Bytes reserved on behalf of one owner. For one thread at a time, which must close it. */
  public final class Reservation implements AutoCloseable {
    private final String owner;
    private long bytes;

    private Reservation(String owner) {
      this.owner = owner;
    }

    /**
     * Reserves more bytes, waiting a moment if they do not fit.
     *
     * @throws BudgetExhaustedException if they still do not fit; what was reserved before stays
     * @throws InterruptedIOException when the waiting thread is stopped
     */
    public void grow(long more) throws BudgetExhaustedException, InterruptedIOException {
      if (more > 0) {
        take(this, more);
      }
    }

    /** Gives some bytes back. */
    public void shrink(long fewer) {
      release(this, fewer);
    }

    /** Bytes held now. */
    public long bytes() {
      lock.lock();
      try {
        return bytes;
      } finally {
        lock.unlock();
      }
    }

    /** Gives everything back. May be called twice. */
    @Override
    public void close() {
      lock.lock();
      try {
        release(this, bytes);
      } finally {
        lock.unlock();
      }
    }
  }

  private void take(Reservation reservation, long more)
      throws BudgetExhaustedException, InterruptedIOException {
    lock.lock();
    try {
      Waiter waiter = new Waiter(reservation, more, lock.newCondition());
      waiters.add(waiter);
      try {
        grant();
        long left = patience.toNanos();
        // A reservation larger than a whole share never fits, however long it waits.
        while (!waiter.isGranted && left > 0 && reservation.bytes + more <= share) {
          left = waiter.granted.awaitNanos(left);
        }
      } finally {
        waiters.remove(waiter);
      }
      if (!waiter.isGranted) {
        refusals++;
        throw new BudgetExhaustedException(
            "no space for " + more + " more bytes in the " + total + " bytes of memory.budget");
      }
    } catch (InterruptedException e) {
      // What was granted meanwhile belongs to the reservation, and is released with it.
      Thread.currentThread().interrupt();
      InterruptedIOException stopped =
          new InterruptedIOException("stopped while waiting for memory");
      stopped.initCause(e);
      throw stopped;
    } finally {
      lock.unlock();
    }
  }

  /** Gives memory to all waiting reservations that fit, to the one of the smallest owner first. */
  private void grant() {
    for (Waiter next = nextThatFits(); next != null; next = nextThatFits()) {
      waiters.remove(next);
      used += next.more;
      next.reservation.bytes += next.more;
      byOwner.merge(next.reservation.owner, next.more, Long::sum);
      next.isGranted = true;
      next.granted.signal();
    }
  }

  private @Nullable Waiter nextThatFits() {
    Waiter next = null;
    for (Waiter waiter : waiters) {
      boolean fits = heldWith(waiter) <= (total - used - waiter.more) / FREE_PER_HELD;
      if (fits && (next == null || heldWith(waiter) < heldWith(next))) {
        next = waiter;
      }
    }
    return next;
  }

  /** What the owner of a reservation would hold with what it waits for. */
  private long heldWith(Waiter waiter) {
    return byOwner.getOrDefault(waiter.reservation.owner, 0L) + waiter.more;
  }

  private void release(Reservation reservation, long fewer) {
    lock.lock();
    try {
      if (fewer < 0 || fewer > reservation.bytes) {
        throw new IllegalArgumentException("cannot release " + fewer + " bytes");
      }
      reservation.bytes -= fewer;
      used -= fewer;
      byOwner.computeIfPresent(
          reservation.owner, (owner, held) -> held == fewer ? null : held - fewer);
      grant();
    } finally {
      lock.unlock();
    }
  }

  /**
   * How full the budget is at one moment.
   *
   * @param total bytes that may be reserved
   * @param used bytes that are reserved
   * @param refusals reservations refused since the start
   */
  public record Usage(long total, long used, long refusals) {}

  /** What is used now, and how many reservations were refused since the start. */
  public Usage usage() {
    lock.lock();
    try {
      return new Usage(total, used, refusals);
    } finally {
      lock.unlock();
    }
  }

  /** The most that one owner may hold when no other holds any, in bytes. */
  public long share() {
    return share;
  }
}
