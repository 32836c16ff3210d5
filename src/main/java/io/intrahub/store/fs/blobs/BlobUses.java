package io.intrahub.store.fs.blobs;

import io.intrahub.store.fs.disk.BlobKey;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Who uses which published blob now, so that eviction takes none that is open. It has an entry only
 * for blobs in use. Safe for use by many threads; nobody waits here.
 */
public final class BlobUses {
  private static final int BEING_REMOVED = -1;

  /** How many use a blob, or {@link #BEING_REMOVED}. */
  private final ConcurrentHashMap<BlobKey, Integer> counts = new ConcurrentHashMap<>();

  /** One use; ends once, however often it is closed. */
  public final class Use implements AutoCloseable {
    private final BlobKey key;
    private final AtomicBoolean ended = new AtomicBoolean();

    private Use(BlobKey key) {
      this.key = key;
    }

    @Override
    public void close() {
      if (ended.compareAndSet(false, true)) {
        counts.computeIfPresent(key, (k, count) -> count == 1 ? null : count - 1);
      }
    }
  }

  /**
   * Begins to use a blob, whether it is there or not.
   *
   * @return empty when it is just being removed: then it is as good as gone. Under the blob's
   *     stripe it is never empty.
   */
  public Optional<Use> begin(BlobKey key) {
    int count =
        counts.merge(key, 1, (old, one) -> old == BEING_REMOVED ? BEING_REMOVED : old + one);
    return count == BEING_REMOVED ? Optional.empty() : Optional.of(new Use(key));
  }

  /** Whether somebody uses it. */
  boolean inUse(BlobKey key) {
    return counts.containsKey(key);
  }

  /**
   * Keeps everybody out for as long as it is removed. Under the blob's stripe; to be followed by
   * {@link #removed}.
   *
   * @return whether nobody uses it
   */
  boolean tryRemove(BlobKey key) {
    return counts.putIfAbsent(key, BEING_REMOVED) == null;
  }

  /** It is gone, or stays after all. */
  void removed(BlobKey key) {
    counts.remove(key, BEING_REMOVED);
  }
}
