package io.intrahub.store.fs.blobs;

import io.intrahub.policy.EvictionOrder;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.disk.StripedLocks;
import io.intrahub.store.fs.space.Evictable;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/** Published blobs, as eviction sees them. */
public final class EvictablePublishedBlobs implements Evictable {
  private final Disk disk;
  private final StoreLayout layout;
  private final BlobIndex index;
  private final BlobPins pins;
  private final StripedLocks locks;
  private final CurrentBlobMarker current;

  /**
   * Whether a blob is being written. Between the link and the entry in the index it must not go, or
   * it would be counted for ever.
   */
  private final Predicate<BlobKey> written;

  public EvictablePublishedBlobs(
      Disk disk,
      StoreLayout layout,
      BlobIndex index,
      BlobPins pins,
      StripedLocks locks,
      CurrentBlobMarker current,
      Predicate<BlobKey> written) {
    this.disk = disk;
    this.layout = layout;
    this.index = index;
    this.pins = pins;
    this.locks = locks;
    this.current = current;
    this.written = written;
  }

  @Override
  public long bytes() {
    return index.bytes();
  }

  @Override
  public void candidates(Instant now, List<EvictionOrder.Candidate<Item>> to) {
    if (index.count() == 0) {
      return;
    }
    Predicate<BlobKey> unsure = current.mark(now);
    index.forEach((key, size, lastUse, marked) ->
        to.add(
            new EvictionOrder.Candidate<>(
                new Victim(key),
                EvictionOrder.Kind.PUBLISHED,
                size,
                lastUse,
                !marked && !unsure.test(key),
                pins.isPinned(key) || written.test(key) || index.isNeeded(key))));
  }

  /** A blob that can go. */
  private final class Victim implements Item {
    private final BlobKey key;

    Victim(BlobKey key) {
      this.key = key;
    }

    @Override
    public long evict() throws IOException {
      return EvictablePublishedBlobs.this.evict(key);
    }

    @Override
    public Optional<BlobKey> blob() {
      return Optional.of(key);
    }

    @Override
    public String toString() {
      return key.digest().hex();
    }
  }

  /**
   * Removes a blob now, unless somebody reads or writes it. To be called by who holds no stripe.
   *
   * @return the bytes that were freed; 0 if it was not there or is in use
   * @throws IOException when it could not be removed; it is unchanged
   */
  public long evict(BlobKey key) throws IOException {
    Optional<StoreLayout.BlobPaths> place = layout.paths(key);
    if (place.isEmpty()) {
      return 0;
    }
    ReentrantLock lock = locks.of(key);
    lock.lock();
    try {
      if (!pins.tryRemove(key)) {
        return 0;
      }
      try {
        return written.test(key) ? 0 : remove(place.get());
      } finally {
        pins.removed(key);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The index goes first: what it does not know is never counted as there. */
  private long remove(StoreLayout.BlobPaths paths) throws IOException {
    Optional<BlobIndex.Item> known = index.remove(paths.key());
    boolean kept = true;
    try {
      Optional<Disk.Attributes> facts = disk.attributes(paths.blob());
      if (facts.isEmpty() || !facts.get().regular()) {
        kept = false;
        return 0;
      }
      // No fsync: what a power cut brings back is a good blob, and the next start counts it.
      disk.delete(paths.blob());
      kept = false;
      index.fileRemoved(paths.key());
      return facts.get().size();
    } finally {
      if (kept) {
        known.ifPresent(item -> index.restore(paths.key(), item));
      }
    }
  }
}
