package io.intrahub.store.fs;

import java.time.Instant;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What is known of published blobs without asking the disk: about 110 bytes of memory for each. It
 * is derived: the disk is right when they differ, and a start builds it anew. Safe for use by many
 * threads.
 */
final class BlobIndex {
  /** What is known of a blob's content. */
  enum Trust {
    /** It was published by an earlier process. */
    UNKNOWN,
    /** This process has seen that the digest is right. */
    VERIFIED,
    /** A read failed: the digest must be checked before it is served again. */
    SUSPECT
  }

  private static final class Item {
    final long size;
    final Trust trust;

    /** Seconds since 1970, unsigned. */
    volatile int lastUse;

    Item(long size, Trust trust, int lastUse) {
      this.size = size;
      this.trust = trust;
      this.lastUse = lastUse;
    }
  }

  private final ConcurrentHashMap<BlobKey, Item> items = new ConcurrentHashMap<>();

  /** Changed only inside an atomic change of {@link #items}, so it follows it exactly. */
  private final AtomicLong bytes = new AtomicLong();

  long count() {
    return items.mappingCount();
  }

  long bytes() {
    return bytes.get();
  }

  /** The blob is there with this size and this much trust, and was just used. */
  void put(BlobKey key, long size, Trust trust, Instant now) {
    items.compute(
        key,
        (k, old) -> {
          bytes.addAndGet(size - (old == null ? 0 : old.size));
          return new Item(size, trust, seconds(now));
        });
  }

  /** The walk found it. What is known already is known better. */
  void found(BlobKey key, long size, Instant modified) {
    items.computeIfAbsent(
        key,
        k -> {
          bytes.addAndGet(size);
          return new Item(size, Trust.UNKNOWN, seconds(modified));
        });
  }

  /** It was opened. */
  void used(BlobKey key, long size, Instant now) {
    Item item = items.get(key);
    if (item == null || item.size != size) {
      put(key, size, Trust.UNKNOWN, now);
    } else {
      item.lastUse = seconds(now);
    }
  }

  /** It is not there any more. */
  void remove(BlobKey key) {
    items.computeIfPresent(
        key,
        (k, old) -> {
          bytes.addAndGet(-old.size);
          return null;
        });
  }

  /** What is known of a blob that has this size now. */
  Trust trust(BlobKey key, long size) {
    Item item = items.get(key);
    return item == null || item.size != size ? Trust.UNKNOWN : item.trust;
  }

  /** When it was last used, for whoever chooses what to evict; null when it is not there. */
  @Nullable Instant lastUse(BlobKey key) {
    Item item = items.get(key);
    return item == null ? null : Instant.ofEpochSecond(Integer.toUnsignedLong(item.lastUse));
  }

  private static int seconds(Instant instant) {
    return (int) instant.getEpochSecond();
  }
}
