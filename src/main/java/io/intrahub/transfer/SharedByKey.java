package io.intrahub.transfer;

import io.intrahub.base.Deadline;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Holds at most one value per key, which all callers with that key share. The first caller makes
 * the value, on its own thread and without any lock held, so that a slow store delays nobody who
 * asks for another key. Safe for use by many threads.
 *
 * @param <K> what is shared
 * @param <V> what the callers get
 */
final class SharedByKey<K, V> {
  /**
   * An entry is there from the moment when a caller begins to make its value until the value is
   * removed; it is empty when none was made. Nothing but {@code putIfAbsent} and {@code remove} is
   * called on the map, so nothing runs while one of its bins is locked.
   */
  private final ConcurrentHashMap<K, CompletableFuture<Optional<V>>> entries =
      new ConcurrentHashMap<>();

  /** Makes a value. */
  interface Maker<V> {
    /**
     * Makes a value. Called by one thread at a time for each key, after the value before was
     * removed.
     *
     * @param remove to be run when the value can't be shared any more; may be run at any time and
     *     more than once
     * @return empty if there is nothing to share
     */
    Optional<V> make(Runnable remove) throws IOException;
  }

  /**
   * Returns the value of a key, and makes it if there is none.
   *
   * <p>A failure of {@code maker} is thrown to its caller only, because it may be the caller's own,
   * such as an interrupt. Callers that wait for it get an empty result and may try again.
   *
   * @param deadline how long to wait for a value that another caller makes
   * @return empty if {@code maker} or another caller made no value, or if the time is over
   * @throws IOException from {@code maker}
   */
  Optional<V> get(K key, Maker<V> maker, Deadline deadline)
      throws IOException, InterruptedException {
    CompletableFuture<Optional<V>> mine = new CompletableFuture<>();
    CompletableFuture<Optional<V>> other = entries.putIfAbsent(key, mine);
    return other == null ? make(key, maker, mine) : await(other, deadline);
  }

  private Optional<V> make(K key, Maker<V> maker, CompletableFuture<Optional<V>> entry)
      throws IOException {
    Optional<V> made = Optional.empty();
    try {
      made = maker.make(() -> entries.remove(key, entry));
      return made;
    } finally {
      if (made.isEmpty()) {
        // Before those who wait are told: one that tries again must not find this entry.
        entries.remove(key, entry);
      }
      entry.complete(made);
    }
  }

  private static <V> Optional<V> await(CompletableFuture<Optional<V>> entry, Deadline deadline)
      throws InterruptedException {
    if (entry.isDone()) {
      return entry.join();
    }
    try {
      return entry.get(deadline.left().toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return Optional.empty();
    } catch (ExecutionException e) {
      throw new IllegalStateException("an entry is never completed with a failure", e);
    }
  }

  /** Number of values that are shared or being made. */
  int size() {
    return entries.size();
  }
}
