package io.intrahub.store.fs.blobs;

import io.intrahub.store.fs.disk.BlobKey;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Pins published blobs while they are in use, so that eviction removes none that is open. It has an
 * entry only for blobs that are pinned or being removed. Safe for use by many threads; no method
 * waits for another thread.
 */
public final class BlobPins {
  private static final int BEING_REMOVED = -1;

  /** How many pins a blob has, or {@link #BEING_REMOVED}. */
  private final ConcurrentHashMap<BlobKey, Integer> counts = new ConcurrentHashMap<>();

  /** One pin. Closing it again has no effect. */
  public final class Pin implements AutoCloseable {
    private final BlobKey key;
    private final AtomicBoolean ended = new AtomicBoolean();

    private Pin(BlobKey key) {
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
   * Pins a blob, whether the store has it or not.
   *
   * @return empty while the blob is being removed: the caller must treat it as absent. Never empty
   *     for a caller that holds the blob's stripe.
   */
  public Optional<Pin> pin(BlobKey key) {
    int count =
        counts.merge(key, 1, (old, one) -> old == BEING_REMOVED ? BEING_REMOVED : old + one);
    return count == BEING_REMOVED ? Optional.empty() : Optional.of(new Pin(key));
  }

  /** Whether the blob is pinned or being removed. */
  boolean isPinned(BlobKey key) {
    return counts.containsKey(key);
  }

  /**
   * Refuses new pins until {@link #removed}, which must follow. The caller holds the blob's stripe.
   *
   * @return false if the blob is pinned, and so must not be removed
   */
  boolean tryRemove(BlobKey key) {
    return counts.putIfAbsent(key, BEING_REMOVED) == null;
  }

  /** Allows pins again: the blob was removed, or its removal failed. */
  void removed(BlobKey key) {
    counts.remove(key, BEING_REMOVED);
  }
}
