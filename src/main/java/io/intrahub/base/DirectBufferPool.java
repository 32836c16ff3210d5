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
 * A pool of direct buffers with a limit on their total size. It lends large buffers while the pool
 * is nearly free and smaller ones under pressure: a few fast clients get 512 KiB, with which a file
 * is sent as fast as by a tuned nginx; the last of many clients get 32 KiB. A borrower that can't
 * wait gets a spare buffer on the heap: 16 KiB while the spare buffers take less than {@link
 * #SPARES}, then 1 KiB.
 *
 * <p>Safe for use by many threads. {@code lock} guards all fields but the final ones; it is a leaf.
 */
public final class DirectBufferPool {
  private enum Size {
    LARGE(512 * 1024, 50),
    MIDDLE(128 * 1024, 80),
    SMALL(32 * 1024, 100);

    private final int bytes;

    /** How much of the pool may be in use after a buffer of this size was lent. */
    private final int percent;

    Size(int bytes, int percent) {
      this.bytes = bytes;
      this.percent = percent;
    }
  }

  /** Bytes of a spare buffer, which does not belong to the pool. */
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
   * Creates an empty pool.
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

  /** A borrowed buffer. The borrower must close it once. */
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
   * Borrows a buffer without waiting; if all are lent, a spare one on the heap. Use it where a
   * client determines how long the buffer is kept: stalled clients may hold every pooled buffer, so
   * waiting for one could block indefinitely.
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

  /** Drops free buffers until these bytes fit; the garbage collector frees their memory. */
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
      // Wakes all, since one large buffer makes space for many small ones.
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
