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
 * <p>What a client borrows counts against it and its token. The more it holds, the smaller its next
 * buffer: alone it gets large ones up to half of the pool, then smaller ones up to three quarters,
 * and then spare ones, of which it gets three quarters too. A client that holds little gets a large
 * buffer even then, because otherwise one client with many slow streams would slow down all others.
 *
 * <p>Safe for use by many threads. {@code lock} guards all fields but the final ones; it is a leaf.
 */
public final class DirectBufferPool {
  private enum Size {
    LARGE(512 * 1024, 50, 50),
    MIDDLE(128 * 1024, 80, 60),
    SMALL(32 * 1024, 100, MOST);

    private final int bytes;

    /** How much of the pool may be in use after a buffer of this size was lent. */
    private final int percent;

    /** How much of what the others leave one owner may hold after that. */
    private final int ownerPercent;

    Size(int bytes, int percent, int ownerPercent) {
      this.bytes = bytes;
      this.percent = percent;
      this.ownerPercent = ownerPercent;
    }
  }

  /** How much of what the others leave one owner gets in the end, in percent. */
  private static final int MOST = 75;

  /** Bytes of a spare buffer, which does not belong to the pool. */
  private static final int SPARE = 16 * 1024;

  /** Heap that spare buffers of this size take together, in bytes. */
  static final long SPARES = 8L << 20;

  /** Bytes of any further spare buffer: 10 MiB for 10,000 clients, and still no client waits. */
  static final int LAST = 1024;

  private final long total;
  private final OwnedBytes pooled;
  private final OwnedBytes spares = new OwnedBytes(SPARES);
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition returned = lock.newCondition();
  private final Map<Size, Deque<ByteBuffer>> free = new EnumMap<>(Size.class);

  /** Bytes of all buffers that exist, lent or free. */
  private long allocated;

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
    this.pooled = new OwnedBytes(total);
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
   * Borrows a buffer that counts against nobody, waiting for one if all are lent.
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
      Size lent = size.get();
      Loan loan = lend(lent, () -> pooled.remove(lent.bytes));
      pooled.add(lent.bytes);
      return loan;
    } finally {
      lock.unlock();
    }
  }

  private Optional<Size> largestFree() {
    for (Size size : Size.values()) {
      if (pooled.isBelow(size.percent, size.bytes)) {
        return Optional.of(size);
      }
    }
    return Optional.empty();
  }

  /**
   * Borrows a buffer without waiting; if all are lent, or if the owner has its share of them, a
   * spare one on the heap. Use it where a client determines how long the buffer is kept: stalled
   * clients may hold every pooled buffer, so waiting for one could block indefinitely.
   */
  public Loan borrowNow(BufferOwner owner) {
    lock.lock();
    try {
      Optional<Size> size = largestFree(owner);
      if (size.isPresent()) {
        Size lent = size.get();
        Loan loan = lend(lent, () -> pooled.remove(owner, lent.bytes));
        pooled.add(owner, lent.bytes);
        return loan;
      }
      if (!spares.isWithinShare(owner, MOST, SPARE)) {
        return new Loan(ByteBuffer.allocate(LAST), () -> {});
      }
      ByteBuffer spare = ByteBuffer.allocate(SPARE);
      spares.add(owner, SPARE);
      return new Loan(spare, () -> dropSpare(owner));
    } finally {
      lock.unlock();
    }
  }

  private Optional<Size> largestFree(BufferOwner owner) {
    for (Size size : Size.values()) {
      if (pooled.isWithinShare(owner, size.ownerPercent, size.bytes)
          && (pooled.isBelow(size.percent, size.bytes)
              || pooled.isWithinEqualShare(owner, size.bytes))) {
        return Optional.of(size);
      }
    }
    return Optional.empty();
  }

  private void dropSpare(BufferOwner owner) {
    lock.lock();
    try {
      spares.remove(owner, SPARE);
    } finally {
      lock.unlock();
    }
  }

  /** Takes a buffer, which is counted after that: the system may refuse the memory. */
  private Loan lend(Size size, Runnable uncount) {
    ByteBuffer free = freeOf(size).poll();
    ByteBuffer buffer = free == null ? allocate(size) : free;
    return new Loan(buffer.clear(), () -> giveBack(size, buffer, uncount));
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

  private void giveBack(Size size, ByteBuffer buffer, Runnable uncount) {
    lock.lock();
    try {
      uncount.run();
      freeOf(size).push(buffer);
      // Wakes all, since one large buffer makes space for many small ones.
      returned.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Bytes of the pooled buffers on loan. */
  public long lent() {
    return usage().lent();
  }

  /**
   * How much is lent at one moment.
   *
   * @param total bytes of the pool
   * @param lent bytes of its buffers on loan
   * @param largest bytes of those that one client has, of the client that has most
   * @param spares bytes of the spare buffers of 16 KiB on loan
   */
  public record Usage(long total, long lent, long largest, long spares) {}

  /** Returns what is lent now. */
  public Usage usage() {
    lock.lock();
    try {
      return new Usage(total, pooled.used(), pooled.largest(), spares.used());
    } finally {
      lock.unlock();
    }
  }
}
