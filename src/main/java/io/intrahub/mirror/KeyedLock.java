package io.intrahub.mirror;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * A lock for each key. Those who wait for one key get it in the order in which they came, and wait
 * for nobody with another key, as they might if the work were done inside a map's {@code compute}.
 * So work may call the store. Not reentrant. Safe for use by many threads.
 *
 * @param <K> what is locked
 */
final class KeyedLock<K> {
  /**
   * For each key that is locked, the last of those who hold it or wait for it; done when that one
   * has let go. Nothing but {@code put} and {@code remove} is called on the map.
   */
  private final ConcurrentHashMap<K, CompletableFuture<Boolean>> last = new ConcurrentHashMap<>();

  /** Does the work while no other thread does any with an equal key. Does not end by interrupts. */
  <V> V with(K key, Supplier<V> work) {
    CompletableFuture<Boolean> mine = new CompletableFuture<>();
    CompletableFuture<Boolean> before = last.put(key, mine);
    try {
      if (before != null) {
        before.join();
      }
      return work.get();
    } finally {
      last.remove(key, mine);
      mine.complete(true);
    }
  }

  /** Returns the keys that are locked, or waited for, now. */
  Set<K> keys() {
    return Set.copyOf(last.keySet());
  }
}
