package io.intrahub.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Weigher;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A bounded cache in front of a store that may be slow. Reads never wait: neither for the lock of a
 * write nor for another read. A read that was overtaken by a write is not kept, so it can't bring
 * back what the write replaced.
 *
 * <p>Writes of one key follow one another; each holds the key's write lock while it writes to the
 * store. Other threads see the new value from the moment at which the write begins.
 *
 * <p>Safe for use by many threads. Lock order: a write lock, then an insertion lock. The store may
 * be called under a write lock, never under an insertion lock or a lock of one of the maps.
 *
 * @param <K> what is known by
 * @param <V> what is known; a value that stands for an absence is kept like any other
 */
final class FactCache<K, V> {
  private static final int STRIPES = 256;

  /** Values that the store had, bounded. Changed under the insertion lock of the key's stripe. */
  private final Cache<K, V> memory;

  /**
   * Values that are being written, at most one for each writing thread. Changed under the write
   * lock of the key's stripe. A value that the bounded cache evicts is still found here until the
   * store has it.
   */
  private final ConcurrentHashMap<K, V> writing = new ConcurrentHashMap<>();

  private final List<Stripe> stripes = Stream.generate(Stripe::new).limit(STRIPES).toList();

  /** What the keys with one hash share. */
  private static final class Stripe {
    /** Orders the writes; held while the store writes. */
    private final ReentrantLock writes = new ReentrantLock();

    /** Guards changes of the cache and of the generation; never held over a call of the store. */
    private final ReentrantLock insertions = new ReentrantLock();

    /** Counts the changes. Guarded by the insertion lock for writing. */
    private volatile long generation;
  }

  /**
   * An empty cache.
   *
   * @param weight what all entries may weigh
   */
  FactCache(long weight, Weigher<K, V> weigher) {
    this.memory = Caffeine.newBuilder().maximumWeight(weight).weigher(weigher).build();
  }

  private Stripe stripe(K key) {
    int hash = key.hashCode();
    return stripes.get(Math.floorMod(hash ^ (hash >>> 16), STRIPES));
  }

  /** What is known without a look at the store; null if nothing is. */
  @Nullable V known(K key) {
    V value = memory.getIfPresent(key);
    return value != null ? value : writing.get(key);
  }

  /**
   * What is known, read from the store if need be.
   *
   * @param load reads it from the store; may be called by several threads for one key
   */
  V get(K key, Function<K, V> load) {
    V hit = memory.getIfPresent(key);
    if (hit != null) {
      return hit;
    }
    Stripe stripe = stripe(key);
    // Before the look at what is being written: a write that begins later changes it.
    long before = stripe.generation;
    V known = known(key);
    if (known != null) {
      return known;
    }
    V loaded = load.apply(key);
    stripe.insertions.lock();
    try {
      if (stripe.generation == before) {
        memory.put(key, loaded);
        return loaded;
      }
    } finally {
      stripe.insertions.unlock();
    }
    V newer = known(key);
    return newer != null ? newer : loaded;
  }

  /** Does something while nobody else writes this key, for example decide and then write. */
  void exclusively(K key, Runnable work) {
    ReentrantLock lock = stripe(key).writes;
    lock.lock();
    try {
      work.run();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Writes a value.
   *
   * @param write writes it to the store
   */
  void put(K key, V value, Runnable write) {
    Stripe stripe = stripe(key);
    stripe.writes.lock();
    try {
      writing.put(key, value);
      change(stripe, () -> memory.put(key, value));
      write.run();
    } finally {
      writing.remove(key);
      stripe.writes.unlock();
    }
  }

  /** Changes what is in memory only. */
  void note(K key, V value) {
    change(stripe(key), () -> memory.put(key, value));
  }

  /**
   * Forgets what is in memory of some keys, because the store has changed under them. Reads that
   * began before are not kept.
   */
  void dropIf(Predicate<K> condition) {
    // First, and all stripes: a value that is being read is not in memory yet.
    stripes.forEach(stripe -> change(stripe, () -> {}));
    List<K> keys = memory.asMap().keySet().stream().filter(condition).toList();
    keys.forEach(key -> change(stripe(key), () -> memory.invalidate(key)));
  }

  /**
   * Lets the store decide about a value, because nothing is known here.
   *
   * @param write writes the value to the store, or not
   */
  void writeUnknown(K key, Runnable write) {
    Stripe stripe = stripe(key);
    stripe.writes.lock();
    try {
      write.run();
    } finally {
      // A read that began before this may have seen the value before or after.
      change(stripe, () -> memory.invalidate(key));
      stripe.writes.unlock();
    }
  }

  private static void change(Stripe stripe, Runnable change) {
    stripe.insertions.lock();
    try {
      change.run();
      // Only changed here, so this is no race.
      long next = stripe.generation + 1;
      stripe.generation = next;
    } finally {
      stripe.insertions.unlock();
    }
  }
}
