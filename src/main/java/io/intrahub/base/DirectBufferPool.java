package io.intrahub.base;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Direct buffers, bounded in all. Large ones while there is room, smaller ones under pressure: a
 * few fast clients get 512 KiB, at which a file goes out as fast as a tuned nginx sends it, and of
 * a crowd those that come last 32 KiB. Who can't wait for one to come back gets 16 KiB of the heap.
 *
 * <p>Safe for use by many threads. {@code lock} guards all fields but the final ones; it is a leaf.
 */
public final class DirectBufferPool {
  private enum Size {
    LARGE(512 * 1024, 50),
    MIDDLE(128 * 1024, 80),
    SMALL(32 * 1024, 100);

    private final int bytes;

    /** How much of the pool may be in use after one of this size was given. */
    private final int percent;

    Size(int bytes, int percent) {
      this.bytes = bytes;
      this.percent = percent;
    }
  }

  /** Bytes of a buffer that is not of the pool: little enough for each of thousands of clients. */
  private static final int SPARE = 16 * 1024;

  private final long total;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition returned = lock.newCondition();
  private final Map<Size, Deque<ByteBuffer>> free = new EnumMap<>(Size.class);

  /** Bytes of all buffers that exist, lent or free. */
  private long allocated;

  /** Bytes of the buffers that are lent. */
  private long lent;

  /**
   * Makes an empty pool.
   *
   * @param total bytes of all its buffers together, 512 KiB or more
   */
  public DirectBufferPool(long total) {
    if (total < Size.LARGE.bytes) {
      throw new IllegalArgumentException("too small a pool: " + total);
    }
    this.total = total;
  }

  private Deque<ByteBuffer> freeOf(Size size) {
    return free.computeIfAbsent(size, s -> new ArrayDeque<>());
  }

  /** A buffer on loan. To be closed once, by the borrower. */
  public final class Loan implements AutoCloseable {
    private final Optional<Size> size;
    private final ByteBuffer buffer;
    private boolean open = true;

    private Loan(Optional<Size> size, ByteBuffer buffer) {
      this.size = size;
      this.buffer = buffer;
    }

    /** The buffer, cleared when it was lent. It must not be used after {@link #close}. */
    public ByteBuffer buffer() {
      return buffer;
    }

    @Override
    public void close() {
      if (open) {
        open = false;
        size.ifPresent(s -> giveBack(s, buffer));
      }
    }
  }

  /**
   * Borrows a buffer, waiting for one if all are lent.
   *
   * @throws InterruptedException when the waiting thread is stopped
   */
  public Loan borrow() throws InterruptedException {
    lock.lock();
    try {
      Optional<Size> size = largestFree();
      while (size.isEmpty()) {
        returned.await();
        size = largestFree();
      }
      return lend(size.get());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Borrows a buffer without waiting: when all are lent, a small one of the heap that belongs to
   * nobody else. For who may keep it for as long as a client likes: a thousand clients that stand
   * still have all the others, and a wait for one would be a wait for them.
   */
  public Loan borrowNow() {
    lock.lock();
    try {
      Optional<Size> size = largestFree();
      if (size.isPresent()) {
        return lend(size.get());
      }
    } finally {
      lock.unlock();
    }
    return new Loan(Optional.empty(), ByteBuffer.allocate(SPARE));
  }

  private Optional<Size> largestFree() {
    for (Size size : Size.values()) {
      if (lent + size.bytes <= total * size.percent / 100) {
        return Optional.of(size);
      }
    }
    return Optional.empty();
  }

  private Loan lend(Size size) {
    ByteBuffer buffer = freeOf(size).poll();
    if (buffer == null) {
      dropFreeUntilRoomFor(size.bytes);
      buffer = ByteBuffer.allocateDirect(size.bytes);
      allocated += size.bytes;
    }
    lent += size.bytes;
    return new Loan(Optional.of(size), buffer.clear());
  }

  /** The collector frees what is dropped; the bound is kept by what this pool refers to. */
  private void dropFreeUntilRoomFor(int bytes) {
    for (Size size : Size.values()) {
      while (allocated + bytes > total && freeOf(size).poll() != null) {
        allocated -= size.bytes;
      }
    }
  }

  private void giveBack(Size size, ByteBuffer buffer) {
    lock.lock();
    try {
      lent -= size.bytes;
      freeOf(size).push(buffer);
      // All, since one large buffer makes room for many small ones.
      returned.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Bytes on loan. */
  public long lent() {
    lock.lock();
    try {
      return lent;
    } finally {
      lock.unlock();
    }
  }
}
