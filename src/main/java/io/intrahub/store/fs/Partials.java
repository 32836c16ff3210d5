package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.store.Eviction;
import io.intrahub.store.PartialBlob;
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
final class Partials implements Evictable {
  private static final Logger log = LoggerFactory.getLogger(Partials.class);

  private final Disk disk;
  private final Layout layout;
  private final Space space;
  private final Quarantine quarantine;
  private final Publishing publishing;
  private final BlobUses uses;
  private final Clock clock;
  private final Stripes stripes;
  private final PartialFiles files;
  private final PartialIndex index = new PartialIndex();

  Partials(
      Disk disk,
      Layout layout,
      Folders folders,
      Space space,
      Quarantine quarantine,
      Publishing publishing,
      BlobUses uses,
      Clock clock,
      Stripes stripes) {
    this.disk = disk;
    this.layout = layout;
    this.space = space;
    this.quarantine = quarantine;
    this.publishing = publishing;
    this.uses = uses;
    this.clock = clock;
    this.stripes = stripes;
    this.files = new PartialFiles(disk, folders);
  }

  int writers() {
    return index.open();
  }

  /**
   * Whether this blob is open, with whatever size. While it is published that is true until the
   * index has it: evicted before, it would be counted for ever.
   */
  boolean isWritten(BlobKey key) {
    return index.isOpen(key);
  }

  /** Number of blobs that have pieces and are not open. */
  int idle() {
    return index.idle();
  }

  /** What these pieces take, in bytes. */
  @Override
  public long bytes() {
    return index.bytes();
  }

  @Override
  public void candidates(Instant now, List<Eviction.Candidate<Item>> to) {
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
      return Partials.this.evict(key);
    }

    @Override
    public String toString() {
      return "The pieces of " + key.blob().digest().hex();
    }
  }

  private long evict(PartialKey key) throws IOException {
    Optional<Layout.PartialPlace> place = layout.partial(key);
    if (place.isEmpty()) {
      return 0;
    }
    ReentrantLock lock = stripes.of(key.blob());
    lock.lock();
    try {
      if (closed() || index.isOpen(key)) {
        return 0;
      }
      long bytes = disk.facts(place.get().data()).isPresent() ? index.bytes(key) : 0;
      drop(place.get());
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  boolean closed() {
    return publishing.closed();
  }

  /** As {@link io.intrahub.store.BlobStore#write}. */
  PartialBlob write(Layout.PartialPlace place, RepoId repo, BlobId blob) throws IOException {
    if (closed()) {
      throw new IOException("the store is closed");
    }
    PartialBlob.requirePossible(blob.size());
    space.requireFits(blob.size());
    Optional<PartialKey> stale = index.stale(place.key(), clock.instant());
    if (stale.isPresent()) {
      evict(stale.get());
    }
    switch (index.open(place.key(), repo)) {
      case OPENED -> {}
      case OPEN_ALREADY -> throw new IOException(name(place) + " is open already");
      case TOO_MANY ->
          throw new IOException(
              "too many sizes are claimed for %s: %d bytes is one more, and is not kept"
                  .formatted(name(place), blob.size()));
    }
    boolean opened = false;
    try {
      PartialBlob partial = open(place, repo, blob);
      opened = true;
      return partial;
    } finally {
      if (!opened) {
        index.notOpened(place.key());
      }
    }
  }

  private static String name(Layout.PartialPlace place) {
    return String.valueOf(place.blob().getFileName());
  }

  private PartialBlob open(Layout.PartialPlace place, RepoId repo, BlobId blob) throws IOException {
    files.prepare(place);
    ReentrantLock lock = stripes.of(place.key().blob());
    lock.lock();
    try {
      Optional<PieceMap.Found> found =
          PartialBlob.isKept(blob.size()) ? files.look(place, blob.digest()) : Optional.empty();
      FsPartialBlob.Files opened;
      if (found.isPresent()) {
        opened = files.reopen(place, blob.digest(), found.get());
      } else {
        // What an earlier one of this blob could not remove, or what is no good.
        drop(place);
        opened = files.begin(place, blob);
      }
      BitSet pieces = found.map(PieceMap.Found::pieces).orElseGet(BitSet::new);
      long bytes = found.map(PieceMap.Found::bytes).orElse(0L);
      Space.Reservation reservation =
          space.begin(blob.size(), bytes, () -> index.uncount(place.key()));
      return new FsPartialBlob(
          this, publishing, quarantine, disk, reservation, place, repo, blob, opened, pieces);
    } finally {
      lock.unlock();
    }
  }

  /** For the walk: counts what can be gone on with and removes the rest, unless it is open. */
  void survey(Layout.PartialPlace place) {
    ReentrantLock lock = stripes.of(place.key().blob());
    lock.lock();
    try {
      if (closed() || index.isOpen(place.key())) {
        return;
      }
      Optional<PieceMap.Found> found = files.look(place, place.key().blob().digest());
      if (found.isPresent()) {
        Instant modified =
            disk.facts(place.data()).map(Disk.Facts::modified).orElseGet(clock::instant);
        index.found(place.key(), found.get().bytes(), modified);
      } else {
        drop(place);
      }
    } catch (IOException e) {
      log.warn("{} is not looked at before it is opened: {}", place.data(), e.toString());
    } finally {
      lock.unlock();
    }
  }

  /** Under its stripe. */
  private void drop(Layout.PartialPlace place) throws IOException {
    files.drop(place);
    index.dropped(place.key());
  }

  /**
   * The pieces of an open blob are not to be believed any more: not by this process, and, as far as
   * the disk does what it is told, not by a later one.
   */
  void poison(Layout.PartialPlace place, Optional<PieceMap> map) {
    files.poison(place, map);
  }

  /** A use of an open blob that is just published, for those who read it on. */
  BlobUses.Use use(Layout.PartialPlace place) {
    BlobKey key = place.key().blob();
    ReentrantLock lock = stripes.of(key);
    lock.lock();
    try {
      return uses.begin(key).orElseThrow();
    } finally {
      lock.unlock();
    }
  }

  /** An open blob was published or set aside: its partial names are free. */
  void ended(Layout.PartialPlace place) {
    ReentrantLock lock = stripes.of(place.key().blob());
    lock.lock();
    try {
      if (!closed()) {
        files.dropQuietly(place);
      }
    } finally {
      lock.unlock();
      index.remove(place.key());
    }
  }

  /**
   * As {@link #ended}; the pieces stay.
   *
   * @param bytes what they take
   */
  void keep(Layout.PartialPlace place, long bytes, Space.Reservation reservation) {
    reservation.handOver(() -> index.keep(place.key(), bytes, clock.instant()));
  }
}
