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
 * a crowd those that come last 32 KiB. A borrower that can't wait gets a spare buffer on the heap:
 * 16 KiB while the spare buffers take less than {@link #SPARES}, then 1 KiB.
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

  /** Bytes of a spare buffer, which is not of the pool. */
  private static final int SPARE = 16 * 1024;

  /** Heap that spare buffers of this size take together, in bytes. */
  static final long SPARES = 8L << 20;

  /** Bytes of any further spare buffer: 10 MiB for 10,000 clients, and still no client waits. */
  static final int LAST = 1024;

  private final long total;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition returned = lock.newCondition();
  private final Map<Size, Deque<ByteBuffer>> free = new EnumMap<>(Size.class);

  /** Bytes of all buffers that exist, lent or free. */
  private long allocated;

  /** Bytes of the buffers that are lent. */
  private long lent;

  /** Bytes of the spare buffers of {@link #SPARE} bytes that are lent. */
  private long spares;

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
  public static final class Loan implements AutoCloseable {
    private final ByteBuffer buffer;
    private final Runnable onClose;
    private boolean open = true;

    private Loan(ByteBuffer buffer, Runnable onClose) {
      this.buffer = buffer;
      this.onClose = onClose;
    }

    /** The buffer, cleared when it was lent. It must not be used after {@link #close}. */
    public ByteBuffer buffer() {
      return buffer;
    }

    @Override
    public void close() {
      if (open) {
        open = false;
        onClose.run();
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
   * Borrows a buffer without waiting: when all are lent, a spare one on the heap that no other
   * borrower has. For a borrower that keeps it for as long as a client likes: stalled clients may
   * hold every pooled buffer, so waiting for one could block indefinitely.
   */
  public Loan borrowNow() {
    lock.lock();
    try {
      Optional<Size> size = largestFree();
      if (size.isPresent()) {
        return lend(size.get());
      }
      if (spares + SPARE > SPARES) {
        return new Loan(ByteBuffer.allocate(LAST), () -> {});
      }
      ByteBuffer spare = ByteBuffer.allocate(SPARE);
      spares += SPARE;
      return new Loan(spare, this::dropSpare);
    } finally {
      lock.unlock();
    }
  }

  private void dropSpare() {
    lock.lock();
    try {
      spares -= SPARE;
    } finally {
      lock.unlock();
    }
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
    ByteBuffer free = freeOf(size).poll();
    ByteBuffer buffer = free == null ? allocate(size) : free;
    lent += size.bytes;
    return new Loan(buffer.clear(), () -> giveBack(size, buffer));
  }

  private ByteBuffer allocate(Size size) {
    dropFreeUntilFits(size.bytes);
    ByteBuffer buffer = ByteBuffer.allocateDirect(size.bytes);
    allocated += size.bytes;
    return buffer;
  }

  /** The collector frees what is dropped; the bound is kept by what this pool refers to. */
  private void dropFreeUntilFits(int bytes) {
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
