package io.intrahub.mirror;

import java.util.concurrent.ConcurrentHashMap;

/**
 * Counts what is in progress, by key. It holds nothing for a key of which nothing is in progress.
 * Safe for use by many threads.
 *
 * @param <K> the kind of key
 */
final class InFlight<K> {
  /** Positive numbers only. */
  private final ConcurrentHashMap<K, Integer> counts = new ConcurrentHashMap<>();

  /** Counts one more; {@link #left} must follow. */
  void entered(K key) {
    counts.merge(key, 1, Integer::sum);
  }

  /** Counts one less. */
  void left(K key) {
    counts.computeIfPresent(key, (_, count) -> count == 1 ? null : count - 1);
  }

  /** Returns whether any is in progress. */
  boolean isAny(K key) {
    return counts.containsKey(key);
  }
}
