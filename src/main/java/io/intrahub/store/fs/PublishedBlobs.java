package io.intrahub.store.fs;

import io.intrahub.store.Eviction;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/** Published blobs, as eviction sees them. */
final class PublishedBlobs implements Evictable {
  private final Disk disk;
  private final Layout layout;
  private final BlobIndex index;
  private final BlobUses uses;
  private final Stripes stripes;
  private final CurrentBlobs current;

  /**
   * Whether a blob is being written. Between the link and the entry in the index it must not go, or
   * it would be counted for ever.
   */
  private final Predicate<BlobKey> written;

  PublishedBlobs(
      Disk disk,
      Layout layout,
      BlobIndex index,
      BlobUses uses,
      Stripes stripes,
      CurrentBlobs current,
      Predicate<BlobKey> written) {
    this.disk = disk;
    this.layout = layout;
    this.index = index;
    this.uses = uses;
    this.stripes = stripes;
    this.current = current;
    this.written = written;
  }

  @Override
  public long bytes() {
    return index.bytes();
  }

  @Override
  public void candidates(Instant now, List<Eviction.Candidate<Item>> to) {
    if (index.count() == 0) {
      return;
    }
    Predicate<BlobKey> unsure = current.mark(now);
    index.forEach((key, size, lastUse, marked) ->
        to.add(
            new Eviction.Candidate<>(
                new Victim(key),
                Eviction.Kind.PUBLISHED,
                size,
                lastUse,
                !marked && !unsure.test(key),
                uses.inUse(key) || written.test(key),
                false)));
  }

  /** A blob that can go. */
  private final class Victim implements Item {
    private final BlobKey key;

    Victim(BlobKey key) {
      this.key = key;
    }

    @Override
    public long evict() throws IOException {
      return PublishedBlobs.this.evict(key);
    }

    @Override
    public String toString() {
      return key.digest().hex();
    }
  }

  /** As {@link Item#evict}. */
  long evict(BlobKey key) throws IOException {
    Optional<Layout.Place> place = layout.place(key);
    if (place.isEmpty()) {
      return 0;
    }
    ReentrantLock lock = stripes.of(key);
    lock.lock();
    try {
      if (!uses.tryRemove(key)) {
        return 0;
      }
      try {
        return written.test(key) ? 0 : remove(place.get());
      } finally {
        uses.removed(key);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The index goes first: what it does not know is never counted as there. */
  private long remove(Layout.Place place) throws IOException {
    Optional<BlobIndex.Item> known = index.remove(place.key());
    boolean kept = true;
    try {
      Optional<Disk.Facts> facts = disk.facts(place.blob());
      if (facts.isEmpty() || !facts.get().regular()) {
        kept = false;
        return 0;
      }
      // No fsync: what a power cut brings back is a good blob, and the next start counts it.
      disk.delete(place.blob());
      kept = false;
      return facts.get().size();
    } finally {
      if (kept) {
        known.ifPresent(item -> index.restore(place.key(), item));
      }
    }
  }
}
