package io.intrahub.transfer.fetch;

import io.intrahub.transfer.core.Phase;
import io.intrahub.transfer.core.Reader;
import io.intrahub.transfer.core.ReaderOutcome;
import io.intrahub.transfer.core.TransferState;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Where the readers of one transfer wait. Each is woken only by what it waits for: of five hundred
 * readers, most are not concerned by the bytes that just arrived.
 *
 * <p>The transfer's {@code lock} guards all mutable fields; {@link #register} and {@link
 * #signalReady} are called with it held.
 */
public final class WaitingReaders {
  private final ReentrantLock lock;
  private final TransferState state;
  private final Runnable replan;
  private final Set<Handle> waiting = new LinkedHashSet<>();

  /**
   * Creates the list of one transfer's readers, with nobody waiting.
   *
   * @param replan looks whether there is something to do; called without the lock
   */
  WaitingReaders(ReentrantLock lock, TransferState state, Runnable replan) {
    this.lock = lock;
    this.state = state;
    this.replan = replan;
  }

  /** One reader's handle on the transfer. */
  public final class Handle {
    final Reader reader;
    private final Condition changed = lock.newCondition();

    /** What it waits for; looked at while it is among the waiting. */
    private BooleanSupplier ready = () -> true;

    private Handle(Reader reader) {
      this.reader = reader;
    }
  }

  /**
   * What a reader may read now.
   *
   * @param readable the end of what it may read now
   * @param outcome whether it goes on
   */
  public record ReadableState(long readable, ReaderOutcome outcome) {}

  /** Makes the handle of a new reader. */
  Handle register(Reader reader) {
    return new Handle(reader);
  }

  /** Something has changed. */
  void signalReady() {
    for (Handle handle : waiting) {
      if (handle.ready.getAsBoolean()) {
        handle.changed.signal();
      }
    }
  }

  private boolean hasChanged(Reader reader) {
    return state.readable(reader) > state.position(reader)
        || !(state.outcome(reader) instanceof ReaderOutcome.Reading)
        || state.phase() != Phase.RUNNING;
  }

  /**
   * Waits until a reader's first byte is there, or others flow, or it is clear that none will.
   * Empty when that takes too long.
   */
  public Optional<ReadableState> awaitFlow(Handle handle, Duration timeout)
      throws InterruptedException {
    return await(handle, timeout, () -> state.flows(handle.reader) || !reads(handle));
  }

  /** Waits until it is clear whether the content is right. Empty when that takes too long. */
  public Optional<ReadableState> awaitVerdict(Handle handle, Duration timeout)
      throws InterruptedException {
    return await(handle, timeout, () -> state.phase() != Phase.RUNNING || !reads(handle));
  }

  private boolean reads(Handle handle) {
    return state.outcome(handle.reader) instanceof ReaderOutcome.Reading;
  }

  private Optional<ReadableState> await(Handle handle, Duration timeout, BooleanSupplier done)
      throws InterruptedException {
    long left = timeout.toNanos();
    lock.lock();
    try {
      handle.ready = done;
      waiting.add(handle);
      while (!done.getAsBoolean()) {
        if (left <= 0) {
          return Optional.empty();
        }
        left = handle.changed.awaitNanos(left);
      }
      return Optional.of(readableState(handle));
    } finally {
      waiting.remove(handle);
      lock.unlock();
    }
  }

  /**
   * Waits until a reader has bytes, or never will. While all it waits for is the verdict, the held
   * bytes trickle out one by one.
   *
   * @param trickleInterval how long it waits before that
   */
  ReadableState awaitBytes(Handle handle, Duration trickleInterval) throws InterruptedException {
    boolean uncovered;
    lock.lock();
    try {
      if (hasChanged(handle.reader)) {
        return readableState(handle);
      }
      uncovered = state.isUncovered(handle.reader);
    } finally {
      lock.unlock();
    }
    if (uncovered) {
      replan.run();
    }
    while (true) {
      Optional<ReadableState> readable =
          await(handle, trickleInterval, () -> hasChanged(handle.reader));
      if (readable.isPresent()) {
        return readable.get();
      }
      lock.lock();
      try {
        state.trickle(handle.reader);
      } finally {
        lock.unlock();
      }
    }
  }

  private ReadableState readableState(Handle handle) {
    return new ReadableState(state.readable(handle.reader), state.outcome(handle.reader));
  }
}
