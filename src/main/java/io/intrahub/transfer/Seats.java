package io.intrahub.transfer;

import io.intrahub.transfer.core.Fate;
import io.intrahub.transfer.core.Phase;
import io.intrahub.transfer.core.Reader;
import io.intrahub.transfer.core.TransferState;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Where the readers of one transfer wait. Each is woken by what it waits for and nothing else: of
 * five hundred that read along, most have nothing to do with the bytes that just came.
 *
 * <p>The transfer's {@code lock} guards all mutable fields; {@link #of} and {@link #wake} are
 * called with it held.
 */
final class Seats {
  private final ReentrantLock lock;
  private final TransferState state;
  private final Runnable replan;
  private final Set<Seat> waiting = new LinkedHashSet<>();

  /**
   * Seats of one transfer, all free.
   *
   * @param replan looks whether there is something to do; called without the lock
   */
  Seats(ReentrantLock lock, TransferState state, Runnable replan) {
    this.lock = lock;
    this.state = state;
    this.replan = replan;
  }

  /** A reader's place. */
  final class Seat {
    final Reader reader;
    private final Condition news = lock.newCondition();

    /** What it waits for; looked at while it is among the waiting. */
    private BooleanSupplier awaited = () -> true;

    private Seat(Reader reader) {
      this.reader = reader;
    }
  }

  /**
   * What a reader sees.
   *
   * @param readable the end of what it may read now
   * @param fate whether it goes on
   */
  record Sight(long readable, Fate fate) {}

  /** A new reader's. */
  Seat of(Reader reader) {
    return new Seat(reader);
  }

  /** Something has changed. */
  void wake() {
    for (Seat seat : waiting) {
      if (seat.awaited.getAsBoolean()) {
        seat.news.signal();
      }
    }
  }

  private boolean hasNews(Reader reader) {
    return state.readable(reader) > state.position(reader)
        || !(state.fate(reader) instanceof Fate.Reading)
        || state.phase() != Phase.RUNNING;
  }

  /**
   * Waits until a reader's first byte is there, or others flow, or it is clear that none will.
   * Empty when that takes too long.
   */
  Optional<Sight> awaitFlow(Seat seat, Duration atMost) throws InterruptedException {
    return await(seat, atMost, () -> state.flows(seat.reader) || !reads(seat));
  }

  /** Waits until it is clear whether the content is right. Empty when that takes too long. */
  Optional<Sight> awaitVerdict(Seat seat, Duration atMost) throws InterruptedException {
    return await(seat, atMost, () -> state.phase() != Phase.RUNNING || !reads(seat));
  }

  private boolean reads(Seat seat) {
    return state.fate(seat.reader) instanceof Fate.Reading;
  }

  private Optional<Sight> await(Seat seat, Duration atMost, BooleanSupplier done)
      throws InterruptedException {
    long left = atMost.toNanos();
    lock.lock();
    try {
      seat.awaited = done;
      waiting.add(seat);
      while (!done.getAsBoolean()) {
        if (left <= 0) {
          return Optional.empty();
        }
        left = seat.news.awaitNanos(left);
      }
      return Optional.of(sight(seat));
    } finally {
      waiting.remove(seat);
      lock.unlock();
    }
  }

  /**
   * Waits until a reader has bytes, or never will. While all it waits for is the verdict, a byte
   * goes out now and then.
   *
   * @param drip how long it waits before that
   */
  Sight awaitBytes(Seat seat, Duration drip) throws InterruptedException {
    boolean uncovered;
    lock.lock();
    try {
      if (hasNews(seat.reader)) {
        return sight(seat);
      }
      uncovered = state.isUncovered(seat.reader);
    } finally {
      lock.unlock();
    }
    if (uncovered) {
      replan.run();
    }
    while (true) {
      Optional<Sight> sight = await(seat, drip, () -> hasNews(seat.reader));
      if (sight.isPresent()) {
        return sight.get();
      }
      lock.lock();
      try {
        state.drip(seat.reader);
      } finally {
        lock.unlock();
      }
    }
  }

  private Sight sight(Seat seat) {
    return new Sight(state.readable(seat.reader), state.fate(seat.reader));
  }
}
