package io.intrahub.store.fs.partial;

import io.intrahub.access.AuthorisedBlob;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.EvictionOrder;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.PublishedBlobs;
import io.intrahub.store.Scratch;
import io.intrahub.store.fs.blobs.BlobPins;
import io.intrahub.store.fs.blobs.Quarantine;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.DurableFolders;
import io.intrahub.store.fs.disk.PartialKey;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.disk.StripedLocks;
import io.intrahub.store.fs.space.DiskBudget;
import io.intrahub.store.fs.space.Evictable;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The blobs that are not whole yet: who has one open, and which lie idle. Idle ones go when the
 * store is full. Safe for use by many threads.
 *
 * <p>A partial blob is known by its digest and its size. Two sizes that are claimed for one digest
 * are two partial blobs, which know nothing of each other; the one that turns out right is
 * published.
 *
 * <p>What has a blob's partial names changes only under the stripe of its digest, and by whoever
 * has it open.
 */
public final class PartialBlobs implements Scratch, Evictable {
  private static final Logger log = LoggerFactory.getLogger(PartialBlobs.class);

  private final Disk disk;
  private final StoreLayout layout;
  private final DiskBudget budget;
  private final Quarantine quarantine;
  private final PublishedBlobs published;
  private final BlobPins pins;
  private final Clock clock;
  private final StripedLocks locks;
  private final PartialFiles files;
  private final PartialIndex index = new PartialIndex();

  /** Set once, when the store is closed: its folder may be another process's then. */
  private volatile boolean closed;

  public PartialBlobs(
      Disk disk,
      StoreLayout layout,
      DurableFolders folders,
      DiskBudget budget,
      Quarantine quarantine,
      PublishedBlobs published,
      BlobPins pins,
      Clock clock,
      StripedLocks locks) {
    this.disk = disk;
    this.layout = layout;
    this.budget = budget;
    this.quarantine = quarantine;
    this.published = published;
    this.pins = pins;
    this.clock = clock;
    this.locks = locks;
    this.files = new PartialFiles(disk, folders);
  }

  public int writers() {
    return index.open();
  }

  /**
   * Whether this blob is open, with whatever size. While it is published that is true until the
   * index has it: evicted before, it would be counted for ever.
   */
  public boolean isWritten(BlobKey key) {
    return index.isOpen(key);
  }

  /** Number of blobs that have pieces and are not open. */
  public int idle() {
    return index.idle();
  }

  /** What these pieces take, in bytes. */
  @Override
  public long bytes() {
    return index.bytes();
  }

  @Override
  public void candidates(Instant now, List<EvictionOrder.Candidate<Item>> to) {
    index.candidates(Victim::new, to);
  }

  /** Pieces that can go. */
  private final class Victim implements Item {
    private final PartialKey key;

    Victim(PartialKey key) {
      this.key = key;
    }

    @Override
    public long evict() throws IOException {
      return PartialBlobs.this.evict(key);
    }

    @Override
    public Optional<BlobKey> blob() {
      return Optional.of(key.blob());
    }

    @Override
    public String toString() {
      return "The pieces of " + key.blob().digest().hex();
    }
  }

  /**
   * Removes the pieces of a blob now, unless somebody has it open. To be called by who holds no
   * stripe.
   *
   * @return the bytes that were freed, as far as they were counted
   * @throws IOException when they could not be removed
   */
  public long evict(PartialKey key) throws IOException {
    Optional<StoreLayout.PartialPaths> place = layout.partial(key);
    if (place.isEmpty()) {
      return 0;
    }
    ReentrantLock lock = locks.of(key.blob());
    lock.lock();
    try {
      if (closed() || index.isOpen(key)) {
        return 0;
      }
      long bytes = disk.attributes(place.get().data()).isPresent() ? index.bytes(key) : 0;
      drop(place.get());
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  /** No blob is opened or published from now on. */
  public void close() {
    closed = true;
  }

  boolean closed() {
    return closed;
  }

  @Override
  public PartialBlob write(AuthorisedBlob proof) throws IOException {
    RepoId repo = proof.repo();
    BlobId blob = proof.blob();
    StoreLayout.PartialPaths paths = layout.partial(proof.owner(), blob);
    if (closed()) {
      throw new IOException("the store is closed");
    }
    PartialBlob.requirePossible(blob.size());
    budget.requireFits(blob.size());
    Optional<PartialKey> stale = index.stale(paths.key(), clock.instant());
    if (stale.isPresent()) {
      evict(stale.get());
    }
    switch (index.open(paths.key(), repo)) {
      case OPENED -> {}
      case OPEN_ALREADY -> throw new IOException(name(paths) + " is open already");
      case TOO_MANY ->
          throw new IOException(
              "too many sizes are claimed for %s, so the claim of %d bytes is not stored"
                  .formatted(name(paths), blob.size()));
    }
    boolean opened = false;
    try {
      PartialBlob partial = open(paths, proof);
      opened = true;
      return partial;
    } finally {
      if (!opened) {
        index.notOpened(paths.key());
      }
    }
  }

  private static String name(StoreLayout.PartialPaths paths) {
    return String.valueOf(paths.blob().getFileName());
  }

  private PartialBlob open(StoreLayout.PartialPaths paths, AuthorisedBlob proof)
      throws IOException {
    BlobId blob = proof.blob();
    files.prepare(paths);
    ReentrantLock lock = locks.of(paths.key().blob());
    lock.lock();
    try {
      Optional<PieceMap.Found> found =
          PartialBlob.isKept(blob.size()) ? files.look(paths, blob.digest()) : Optional.empty();
      FsPartialBlob.Files opened;
      if (found.isPresent()) {
        opened = files.reopen(paths, blob.digest(), found.get());
      } else {
        // What an earlier one of this blob could not remove, or what is no good.
        drop(paths);
        opened = files.begin(paths, blob);
      }
      BitSet pieces = found.map(PieceMap.Found::pieces).orElseGet(BitSet::new);
      long bytes = found.map(PieceMap.Found::bytes).orElse(0L);
      DiskBudget.Reservation reservation =
          budget.openReservation(blob.size(), bytes, () -> index.uncount(paths.key()));
      return new FsPartialBlob(
          this, published, quarantine, disk, reservation, paths, proof, opened, pieces);
    } finally {
      lock.unlock();
    }
  }

  /** For the walk: counts what can be gone on with and removes the rest, unless it is open. */
  public void scan(StoreLayout.PartialPaths paths) {
    ReentrantLock lock = locks.of(paths.key().blob());
    lock.lock();
    try {
      if (closed() || index.isOpen(paths.key())) {
        return;
      }
      Optional<PieceMap.Found> found = files.look(paths, paths.key().blob().digest());
      if (found.isPresent()) {
        Instant modified =
            disk.attributes(paths.data()).map(Disk.Attributes::modified).orElseGet(clock::instant);
        index.found(paths.key(), found.get().bytes(), modified);
      } else {
        drop(paths);
      }
    } catch (IOException e) {
      log.warn("{} can't be checked before it is opened: {}", paths.data(), e.toString());
    } finally {
      lock.unlock();
    }
  }

  /** Under its stripe. */
  private void drop(StoreLayout.PartialPaths paths) throws IOException {
    files.drop(paths);
    index.dropped(paths.key());
  }

  /**
   * The pieces of an open blob are not to be believed any more: not by this process, and, as far as
   * the disk does what it is told, not by a later one.
   */
  void poison(StoreLayout.PartialPaths paths, Optional<PieceMap> map) {
    files.poison(paths, map);
  }

  /** Pins a newly published blob while existing readers finish. */
  BlobPins.Pin pin(StoreLayout.PartialPaths paths) {
    BlobKey key = paths.key().blob();
    ReentrantLock lock = locks.of(key);
    lock.lock();
    try {
      return pins.pin(key).orElseThrow();
    } finally {
      lock.unlock();
    }
  }

  /** An open blob was published or set aside: its partial names are free. */
  void ended(StoreLayout.PartialPaths paths) {
    ReentrantLock lock = locks.of(paths.key().blob());
    lock.lock();
    try {
      if (!closed()) {
        files.dropQuietly(paths);
      }
    } finally {
      lock.unlock();
      index.remove(paths.key());
    }
  }

  /**
   * As {@link #ended}; the pieces stay.
   *
   * @param bytes what they take
   */
  void keep(StoreLayout.PartialPaths paths, long bytes, DiskBudget.Reservation reservation) {
    reservation.transferTo(() -> index.keep(paths.key(), bytes, clock.instant()));
  }
}
