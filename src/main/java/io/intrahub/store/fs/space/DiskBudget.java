package io.intrahub.store.fs.space;

import io.intrahub.store.fs.disk.Disk;
import java.io.IOException;
import java.time.Clock;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Promises of disk space to writers, so that a full disk is noticed before the first byte of a blob
 * and not at its last. When there is little room, a promise first has something evicted, on the
 * thread that asks; if that is not enough, it is refused. A promise is no guarantee: others write
 * to the same disk. Safe for use by many threads.
 *
 * <p>What counts against {@code store.max-size}: published blobs, pieces of others, metadata, and
 * promises. Until the walk after a start has counted all blobs, those that are known.
 */
public final class DiskBudget {
  private static final Logger log = LoggerFactory.getLogger(DiskBudget.class);
  private static final long MINUTE_MILLIS = 60_000;

  private final Disk disk;
  private final DiskBudgetSettings settings;
  private final Evictor evictor;
  private final Clock clock;

  /** Bytes promised and not yet written. */
  private final AtomicLong reserved = new AtomicLong();

  /** Bytes that are there of blobs that are open and not published yet. */
  private final AtomicLong held = new AtomicLong();

  /**
   * Held while bytes go from one count to another: counted twice, a large blob would have others
   * evicted for nothing. Nobody waits for a stripe or the disk while it is held.
   */
  private final Object books = new Object();

  /** When it was seen that eviction makes the disk no freer; in milliseconds of the clock. */
  private volatile OptionalLong fruitlessAt = OptionalLong.empty();

  /** When the operator was last told that there is no room; in milliseconds of the clock. */
  private volatile OptionalLong warnedAt = OptionalLong.empty();

  /** The space of one disk. */
  public DiskBudget(Disk disk, DiskBudgetSettings settings, Evictor evictor, Clock clock) {
    this.disk = disk;
    this.settings = settings;
    this.evictor = evictor;
    this.clock = clock;
  }

  /** Bytes promised and not yet written. */
  public long reserved() {
    return reserved.get();
  }

  /** Bytes that are there of blobs that are open and not published. */
  public long held() {
    return held.get();
  }

  /** Free bytes of the disk; empty when they are not known. */
  public OptionalLong free() {
    try {
      long usable = disk.usableSpace();
      return usable == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(usable);
    } catch (IOException e) {
      log.debug("The free space of the disk can't be read", e);
      return OptionalLong.empty();
    }
  }

  /**
   * Says no to a blob that has no place here even if it were the only one.
   *
   * @throws IOException if it is larger than the store may be
   */
  public void requireFits(long bytes) throws IOException {
    if (bytes > settings.maxSizeOrAll()) {
      throw new IOException(
          "a blob of %d bytes exceeds the limit of the store: store.max-size is %d bytes"
              .formatted(bytes, settings.maxSize()));
    }
  }

  /**
   * Whether a promise of these bytes would have something evicted now.
   *
   * @throws IOException if the free space can't be read
   */
  public boolean needsEviction(long bytes) throws IOException {
    return missing(bytes) > 0;
  }

  /**
   * Begins to count a blob that is being written. It promises nothing yet, so it never fails.
   *
   * @param size of the whole blob, in bytes
   * @param found bytes of it that are there already
   * @param uncount ends another count of these
   */
  public Reservation openReservation(long size, long found, Runnable uncount) {
    synchronized (books) {
      uncount.run();
      return new Reservation(size, found);
    }
  }

  private void promise(long bytes) throws IOException {
    reserved.addAndGet(bytes);
    boolean kept = false;
    try {
      if (missing() > 0 && couldFit()) {
        evict();
      }
      refuseIfShort(bytes);
      kept = true;
    } finally {
      if (!kept) {
        reserved.addAndGet(-bytes);
      }
    }
  }

  /** Evicts what is above the marks. Never throws; for whoever does background work. */
  public void tidy() {
    try {
      if (missing() > 0) {
        evict();
        if (isShort()) {
          warn("Eviction could not free enough");
        }
      }
    } catch (IOException e) {
      log.warn("The free space of the store can't be determined: {}", e.toString());
    }
  }

  private long stored() {
    synchronized (books) {
      return evictor.bytes() + held.get();
    }
  }

  /**
   * What the metadata of commits may take, in bytes, before some of it goes: a tenth of what the
   * store may take in all.
   */
  public long metadataShare() {
    long all = settings.maxSize();
    if (all == 0) {
      OptionalLong free = free();
      all = free.isPresent() ? stored() + free.getAsLong() : Long.MAX_VALUE;
    }
    return all / 10;
  }

  /** What is left of the disk when all promises were kept; less than 0 if it is too little. */
  private long spare() throws IOException {
    return disk.usableSpace() - reserved.get() - settings.minFree();
  }

  private boolean isOverSize() {
    return stored() + reserved.get() > settings.maxSizeOrAll();
  }

  /** Whether all promises could be kept if all went that may ever go: else none goes in vain. */
  private boolean couldFit() throws IOException {
    return held.get() + reserved.get() <= settings.maxSizeOrAll() && spare() + evictor.bytes() >= 0;
  }

  private boolean isShort() throws IOException {
    return isOverSize() || spare() < 0;
  }

  /** How much should be evicted now; 0 below the high mark. */
  private long missing() throws IOException {
    return missing(0);
  }

  /** The same after a further promise of some bytes. */
  private long missing(long bytes) throws IOException {
    long stored = stored();
    long used = stored + reserved.get() + bytes;
    long overSize = used > settings.highMark() ? used - settings.lowMark() : 0;
    long spare = spare() - bytes;
    if (spare >= 0 || isFruitless()) {
      return overSize;
    }
    // Some more than is needed now, as with the size: to choose takes time.
    return Math.max(overSize, settings.slack(stored) - spare);
  }

  private boolean isFruitless() {
    OptionalLong at = fruitlessAt;
    return at.isPresent() && Math.abs(clock.millis() - at.getAsLong()) < MINUTE_MILLIS;
  }

  private void evict() throws IOException {
    boolean forTheDisk = spare() < 0;
    long books = disk.usableSpace() + stored();
    long freed = evictor.free(this::missing);
    if (freed > 0 && forTheDisk) {
      // What writers do meanwhile is in the books. If the files went away and the room did not
      // come, snapshots or other names hold it, or somebody else fills the disk: then to give up
      // one blob after the other would cost the whole store and help nobody.
      long lost = books - (disk.usableSpace() + stored());
      if (lost > freed / 2) {
        fruitlessAt = OptionalLong.of(clock.millis());
        warn(
            "Blobs of %d bytes were evicted, but the disk shows hardly more free space"
                .formatted(freed));
      }
    }
  }

  private void refuseIfShort(long bytes) throws IOException {
    if (isOverSize()) {
      warn("Eviction could not free enough");
      throw new IOException(
          "no space in the store for %d bytes: %d are stored, %d more are reserved,"
                  .formatted(bytes, stored(), reserved.get() - bytes)
              + " store.max-size is %d, and too little can be evicted now"
                  .formatted(settings.maxSize()));
    }
    if (spare() < 0) {
      warn("Eviction could not free enough");
      throw new IOException(
          "not enough disk space for %d bytes: %d are free, %d of them reserved, %d"
                  .formatted(bytes, disk.usableSpace(), reserved.get() - bytes, settings.minFree())
              + " must stay free (store.min-free)");
    }
  }

  private void warn(String what) throws IOException {
    OptionalLong last = warnedAt;
    long now = clock.millis();
    if (last.isPresent() && Math.abs(now - last.getAsLong()) < MINUTE_MILLIS) {
      return;
    }
    warnedAt = OptionalLong.of(now);
    log.warn(
        "{}: {} bytes are stored, {} reserved, {} free on the disk; store.max-size is {},"
            + " store.min-free {}. Until space is free, new files pass through and are not stored",
        what,
        stored(),
        reserved.get(),
        disk.usableSpace(),
        settings.maxSize() == 0 ? "not set" : settings.maxSize(),
        settings.minFree());
  }

  /**
   * What one blob takes that is being written: what it was promised and what is there of it. Safe
   * for use by the many threads that write it.
   */
  public final class Reservation implements AutoCloseable {
    private final long size;

    /** Guarded by this, like all below: bytes promised and not yet written. */
    private long left;

    /**
     * Bytes that writers want to write. More than are promised when two want the same, one of whom
     * will give up: the promise is to outlive that.
     */
    private long wanted;

    /**
     * Bytes that are there and not counted elsewhere; with those promised no more than the size.
     */
    private long written;

    private boolean closed;

    private Reservation(long size, long found) {
      this.size = size;
      this.written = found;
      held.addAndGet(found);
    }

    /**
     * Promises room for bytes that will be written, though not for more than the blob can take in
     * all. May evict others first, which takes as long as reading all current manifests. Not to be
     * called by who holds a stripe.
     *
     * @throws IOException when there is not enough, even after all was evicted that could be; the
     *     promise is as before
     */
    public void reserve(long bytes) throws IOException {
      long more;
      synchronized (this) {
        more = Math.max(0, Math.min(bytes, size - written - left));
      }
      if (more > 0) {
        promise(more);
      }
      synchronized (this) {
        if (closed) {
          reserved.addAndGet(-more);
          throw new IOException("the blob was closed while space was freed for it");
        }
        left += more;
        wanted += bytes;
      }
    }

    /** These bytes now count as used on the disk itself. */
    public synchronized void written(long bytes) {
      release(bytes);
      wanted -= Math.min(wanted, bytes);
      // What is written again takes no more room.
      long more = Math.min(bytes, size - left - written);
      written += more;
      held.addAndGet(more);
    }

    /**
     * Ends the promise; what is there counts elsewhere from now on.
     *
     * @param count does that
     */
    public synchronized void transferTo(Runnable count) {
      release(left);
      synchronized (books) {
        count.run();
        held.addAndGet(-written);
      }
      written = 0;
    }

    /** These bytes will not be written by who wanted to. */
    public synchronized void unreserve(long bytes) {
      wanted -= Math.min(wanted, bytes);
      release(Math.max(0, left - wanted));
    }

    private void release(long bytes) {
      long taken = Math.min(left, bytes);
      left -= taken;
      reserved.addAndGet(-taken);
    }

    /** Nothing more is written, and what was is removed or counted elsewhere. */
    @Override
    public synchronized void close() {
      closed = true;
      transferTo(() -> {});
    }
  }
}
