package io.intrahub.store.fs;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Promises of disk space to writers, so that a full disk is noticed before the first byte of a blob
 * and not at its last. A promise is no guarantee: others write to the same disk. Safe for use by
 * many threads.
 */
final class Space {
  private final Disk disk;
  private final long keepFree;

  /** Bytes promised and not yet written. */
  private final AtomicLong reserved = new AtomicLong();

  /**
   * The space of one disk.
   *
   * @param keepFree bytes that are never promised
   */
  Space(Disk disk, long keepFree) {
    this.disk = disk;
    this.keepFree = keepFree;
  }

  /** Bytes promised and not yet written. */
  long reserved() {
    return reserved.get();
  }

  /**
   * Promises room for a blob.
   *
   * @throws IOException when there is not enough
   */
  Reservation reserve(long bytes) throws IOException {
    long promised = reserved.addAndGet(bytes);
    boolean kept = false;
    try {
      long usable = disk.usableSpace();
      if (usable - promised < keepFree) {
        throw new IOException(
            "not enough disk space: %d bytes are free, %d are promised, %d stay free"
                .formatted(usable, promised, keepFree));
      }
      kept = true;
      return new Reservation(bytes);
    } finally {
      if (!kept) {
        reserved.addAndGet(-bytes);
      }
    }
  }

  /** A promise of nothing yet, which never fails. */
  Reservation nothing() {
    return new Reservation(0);
  }

  /** One promise. Safe for use by the many threads that write one blob. */
  final class Reservation implements AutoCloseable {
    /** Guarded by this. */
    private long left;

    private Reservation(long bytes) {
      this.left = bytes;
    }

    /**
     * Promises room for more.
     *
     * @throws IOException when there is not enough; the promise is as before
     */
    void add(long bytes) throws IOException {
      long more = reserve(bytes).left;
      synchronized (this) {
        left += more;
      }
    }

    /** These bytes now count as used on the disk itself. */
    synchronized void written(long bytes) {
      long taken = Math.min(left, bytes);
      left -= taken;
      reserved.addAndGet(-taken);
    }

    @Override
    public synchronized void close() {
      written(left);
    }
  }
}
