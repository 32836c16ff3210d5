package io.intrahub.store.fs.blobs;

import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.space.LastUses;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is known of published blobs without asking the disk: about 120 bytes of memory for each. It
 * is derived: the disk is right when they differ, and a start builds it anew. Safe for use by many
 * threads.
 */
public final class BlobIndex {
  /** What is known of a blob's content. */
  public enum Trust {
    /** It was published by an earlier process. */
    UNKNOWN,
    /** This process has seen that the digest is right. */
    VERIFIED,
    /** A read failed: the digest must be checked before the end of it is served again. */
    SUSPECT,
    /**
     * The check could not read it either, or found it damaged and could not move it away: it counts
     * as absent until a check finds it right.
     */
    UNREADABLE;

    /** Whether a new copy takes its place. */
    public boolean isReplaceable() {
      return this == SUSPECT || this == UNREADABLE;
    }
  }

  /** What is known of one blob; its owner is the index. */
  static final class Item {
    private final long size;
    private final Trust trust;

    /** Seconds since 1970, unsigned. */
    private volatile int lastUse;

    /** The last round of marking in which it was marked or came in; one more if it is needed. */
    private volatile int round;

    private Item(long size, Trust trust, int lastUse, int round) {
      this.size = size;
      this.trust = trust;
      this.lastUse = lastUse;
      this.round = round;
    }
  }

  /** Is told of every blob. */
  interface Visitor {
    /**
     * One blob.
     *
     * @param size in bytes
     * @param lastUse in seconds since 1970
     * @param marked whether it was marked in this round or came in since it began
     */
    void visit(BlobKey key, long size, long lastUse, boolean marked);
  }

  private final ConcurrentHashMap<BlobKey, Item> items = new ConcurrentHashMap<>();

  private final List<Consumer<BlobKey>> listeners = new CopyOnWriteArrayList<>();

  /** Changed only inside an atomic change of {@link #items}, so it follows it exactly. */
  private final AtomicLong bytes = new AtomicLong();

  /** The present round of marking; changed by the one thread that marks. */
  private volatile int round;

  /** When blobs were used in the process before; replaced by nothing when the walk is over. */
  private volatile LastUses before = LastUses.NONE;

  /**
   * Has a listener told of each blob whose file lost its name, because it was evicted or is
   * damaged. It is called under the lock of the blob's stripe, so it must be quick and must not use
   * the store.
   */
  public void onRemoved(Consumer<BlobKey> listener) {
    listeners.add(listener);
  }

  /** The file of a blob has lost its name. */
  void fileRemoved(BlobKey key) {
    listeners.forEach(listener -> listener.accept(key));
  }

  public long count() {
    return items.mappingCount();
  }

  public long bytes() {
    return bytes.get();
  }

  /** The blob is there with this size and this much trust, and was just used. */
  public void put(BlobKey key, long size, Trust trust, Instant now) {
    items.compute(key, (k, old) -> replace(old, size, trust, seconds(now)));
  }

  /** Its content was looked at, which is no use of it. */
  void judged(BlobKey key, long size, Trust trust, Instant modified) {
    items.compute(
        key,
        (k, old) ->
            replace(
                old,
                size,
                trust,
                old == null
                    ? before.of(key.fingerprint()).orElse(seconds(modified))
                    : old.lastUse));
  }

  private Item replace(@Nullable Item old, long size, Trust trust, int lastUse) {
    bytes.addAndGet(size - (old == null ? 0 : old.size));
    return new Item(size, trust, lastUse, round);
  }

  /** The walk found it. What is known already is known better. */
  public void found(BlobKey key, long size, Instant modified) {
    items.computeIfAbsent(
        key,
        k ->
            replace(
                null, size, Trust.UNKNOWN, before.of(key.fingerprint()).orElse(seconds(modified))));
  }

  /** It was opened. */
  public void used(BlobKey key, long size, Instant now) {
    Item item = items.get(key);
    if (item == null || item.size != size) {
      put(key, size, Trust.UNKNOWN, now);
    } else {
      item.lastUse = seconds(now);
    }
  }

  /** It goes before all others that are as current, unless it is used again. */
  void giveUpFirst(BlobKey key) {
    Item item = items.get(key);
    if (item != null) {
      item.lastUse = 0;
    }
  }

  public boolean contains(BlobKey key) {
    return items.containsKey(key);
  }

  /**
   * It is not there any more.
   *
   * @return what was known of it, for {@link #restore}
   */
  public Optional<Item> remove(BlobKey key) {
    Item[] removed = new Item[1];
    items.computeIfPresent(
        key,
        (k, old) -> {
          bytes.addAndGet(-old.size);
          removed[0] = old;
          return null;
        });
    return Optional.ofNullable(removed[0]);
  }

  /** It is there after all. */
  void restore(BlobKey key, Item item) {
    items.computeIfAbsent(
        key,
        k -> {
          bytes.addAndGet(item.size);
          return item;
        });
  }

  /** What is known of a blob that has this size now. */
  public Trust trust(BlobKey key, long size) {
    Item item = items.get(key);
    return item == null || item.size != size ? Trust.UNKNOWN : item.trust;
  }

  /** When it was last used; empty when it is not there. */
  public Optional<Instant> lastUse(BlobKey key) {
    return Optional.ofNullable(items.get(key)).map(item -> Instant.ofEpochSecond(unsigned(item)));
  }

  /**
   * Begins a round of marking: no blob is marked then, but those that come in afterwards are. For
   * one thread at a time.
   */
  void beginRound() {
    // One thread marks, so this is no race.
    int next = round + 2;
    round = next;
  }

  /** Marks a blob in this round, if it is there. */
  void mark(BlobKey key) {
    Item item = items.get(key);
    if (item != null && !isNeeded(item)) {
      item.round = round;
    }
  }

  /** Marks a blob in this round, if it is there, as one that must not be evicted. */
  void markNeeded(BlobKey key) {
    Item item = items.get(key);
    if (item != null) {
      item.round = round + 1;
    }
  }

  /** Whether a blob was marked as needed in this round. */
  boolean isNeeded(BlobKey key) {
    Item item = items.get(key);
    return item != null && isNeeded(item);
  }

  private boolean isNeeded(Item item) {
    return item.round == round + 1;
  }

  /** Passes on every blob. Those that come or go meanwhile may be missing or not. */
  void forEach(Visitor visitor) {
    int now = round;
    items.forEach((key, item) -> visitor.visit(key, item.size, unsigned(item), item.round >= now));
  }

  /** What an earlier process knew of last uses; it counts for blobs that are not known yet. */
  public void remember(LastUses uses) {
    before = uses;
  }

  /** Adds every last use that is known, those of blobs that the walk has not found yet too. */
  public void addLastUses(LastUses.Builder to) {
    to.addAll(before);
    items.forEach((key, item) -> to.add(key, item.lastUse));
  }

  private static long unsigned(Item item) {
    return Integer.toUnsignedLong(item.lastUse);
  }

  private static int seconds(Instant instant) {
    return (int) instant.getEpochSecond();
  }
}
