package io.intrahub.store.fs;

import io.intrahub.store.Eviction;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/**
 * What is known of blobs that have pieces and are not open. Derived from the disk, like {@link
 * BlobIndex}. Safe for use by many threads; nobody waits here.
 */
final class IdlePartials {
  /**
   * One blob.
   *
   * @param lastUse in seconds since 1970
   */
  private record Item(long bytes, long lastUse) {}

  private final ConcurrentHashMap<BlobKey, Item> items = new ConcurrentHashMap<>();

  /** Changed only inside an atomic change of {@link #items}, so it follows it exactly. */
  private final AtomicLong bytes = new AtomicLong();

  int count() {
    return items.size();
  }

  /** What all of them take, in bytes. */
  long bytes() {
    return bytes.get();
  }

  /**
   * These pieces are there. What is known already of its last use counts if it is later.
   *
   * @param size what they take, in bytes
   */
  void put(BlobKey key, long size, Instant lastUse) {
    items.compute(
        key,
        (k, old) -> {
          bytes.addAndGet(size - (old == null ? 0 : old.bytes));
          long seconds = lastUse.getEpochSecond();
          return new Item(size, old == null ? seconds : Math.max(old.lastUse, seconds));
        });
  }

  /** It is open, or not there. */
  void remove(BlobKey key) {
    items.computeIfPresent(
        key,
        (k, old) -> {
          bytes.addAndGet(-old.bytes);
          return null;
        });
  }

  /** What the pieces of one blob take, in bytes; 0 when it is not among these. */
  long bytes(BlobKey key) {
    Item item = items.get(key);
    return item == null ? 0 : item.bytes;
  }

  /**
   * Adds all of them to what could be evicted.
   *
   * @param owner who removes them
   * @param open whether a blob is open by now
   */
  void candidates(
      Evictable owner, Predicate<BlobKey> open, List<Eviction.Candidate<Evictable.Item>> to) {
    items.forEach((key, item) ->
        to.add(
            new Eviction.Candidate<>(
                new Evictable.Item(owner, key),
                Eviction.Kind.PIECES,
                item.bytes,
                item.lastUse,
                false,
                open.test(key),
                false)));
  }
}
