package io.intrahub.store.fs.partial;

import io.intrahub.hub.RepoId;
import io.intrahub.policy.EvictionOrder;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.PartialKey;
import io.intrahub.store.fs.space.Evictable;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Which partial blobs there are: those that somebody has open, and idle ones that have pieces.
 * Derived from the disk, like {@code BlobIndex}. Safe for use by many threads; nobody waits here.
 *
 * <p>It bounds the sizes that are claimed for one digest. At most one of them is right, and each
 * takes a file and a map. One repo gets few of them, so that it cannot take them from the others.
 */
final class PartialIndex {
  /** An honest repo claims one; when its branch moves from a wrong size to the right one, two. */
  static final int PER_REPO = 2;

  /** For one digest, in all. */
  static final int PER_DIGEST = 16;

  /** An idle claim that nobody has come back to for so long may go for a new one, in seconds. */
  static final long STALE_SECONDS = 3600;

  /**
   * One partial blob.
   *
   * @param claimant the repo that named this size first; empty when an earlier process knew
   * @param open whether somebody writes it; then its bytes are counted by who does
   * @param bytes what its pieces take while it is idle
   * @param lastUse in seconds since 1970
   */
  private record Item(
      PartialKey key, Optional<RepoId> claimant, boolean open, long bytes, long lastUse) {}

  /** What came of opening one. */
  enum Opening {
    OPENED,
    /** Somebody has it open. */
    OPEN_ALREADY,
    /** There are too many sizes of this digest. */
    TOO_MANY
  }

  /** All claims for one digest; a list is never changed and never empty. */
  private final ConcurrentHashMap<BlobKey, List<Item>> items = new ConcurrentHashMap<>();

  // Changed only inside an atomic change of items, so they follow it exactly.
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger idle = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();

  /** Number of those that are open. */
  int open() {
    return open.get();
  }

  /** Number of those that are idle. */
  int idle() {
    return idle.get();
  }

  /** What the pieces of idle ones take, in bytes. */
  long bytes() {
    return bytes.get();
  }

  /** Whether this one is open. */
  boolean isOpen(PartialKey key) {
    Item item = get(key);
    return item != null && item.open;
  }

  /** Whether any size of this blob is open. */
  boolean isOpen(BlobKey key) {
    return claims(key).stream().anyMatch(Item::open);
  }

  /** What the pieces of one that is idle take, in bytes; 0 for any other. */
  long bytes(PartialKey key) {
    Item item = get(key);
    return item == null ? 0 : item.bytes;
  }

  private List<Item> claims(BlobKey key) {
    return items.getOrDefault(key, List.of());
  }

  private @Nullable Item get(PartialKey key) {
    return claims(key.blob()).stream().filter(i -> i.key.equals(key)).findFirst().orElse(null);
  }

  /** Replaces what is known of one; null stands for nothing. */
  private void change(PartialKey key, Function<@Nullable Item, @Nullable Item> change) {
    items.compute(
        key.blob(),
        (k, all) -> {
          List<Item> next = all == null ? new ArrayList<>() : new ArrayList<>(all);
          Item old = next.stream().filter(i -> i.key.equals(key)).findFirst().orElse(null);
          Item item = change.apply(old);
          count(old, -1);
          count(item, 1);
          next.remove(old);
          if (item != null) {
            next.add(item);
          }
          return next.isEmpty() ? null : List.copyOf(next);
        });
  }

  private void count(@Nullable Item item, int sign) {
    if (item != null) {
      (item.open ? open : idle).addAndGet(sign);
      bytes.addAndGet(sign * item.bytes);
    }
  }

  /**
   * Begins to write one. Until {@link #uncount} its pieces still count as idle bytes.
   *
   * @param claimant the repo that names this size
   */
  Opening open(PartialKey key, RepoId claimant) {
    Opening[] opening = {Opening.OPENED};
    change(
        key,
        old -> {
          if (old != null && old.open) {
            opening[0] = Opening.OPEN_ALREADY;
            return old;
          }
          if (old == null && isCrowded(key.blob(), claimant)) {
            opening[0] = Opening.TOO_MANY;
            return null;
          }
          return old == null
              ? new Item(key, Optional.of(claimant), true, 0, 0)
              : new Item(
                  key, old.claimant.or(() -> Optional.of(claimant)), true, old.bytes, old.lastUse);
        });
    return opening[0];
  }

  private boolean isCrowded(BlobKey key, RepoId claimant) {
    List<Item> all = claims(key);
    long own = all.stream().filter(i -> i.claimant.equals(Optional.of(claimant))).count();
    return own >= PER_REPO || all.size() >= PER_DIGEST;
  }

  /** One that should go before another size of this digest is opened; empty: there is no need. */
  Optional<PartialKey> stale(PartialKey next, Instant now) {
    List<Item> all = claims(next.blob());
    if (all.size() < PER_DIGEST || get(next) != null) {
      return Optional.empty();
    }
    return all.stream()
        .filter(i -> !i.open && i.lastUse <= now.getEpochSecond() - STALE_SECONDS)
        .min(Comparator.comparingLong(Item::lastUse))
        .map(Item::key);
  }

  /** The pieces of an open one are counted by who has it open from now on. */
  void uncount(PartialKey key) {
    change(key, old -> old == null ? null : new Item(key, old.claimant, old.open, 0, old.lastUse));
  }

  /** It could not be opened: pieces that were idle before are so still, if they are there. */
  void notOpened(PartialKey key) {
    change(
        key,
        old ->
            old == null || old.bytes == 0
                ? null
                : new Item(key, old.claimant, false, old.bytes, old.lastUse));
  }

  /** Nobody writes it any more and nothing of it is there. */
  void remove(PartialKey key) {
    change(key, old -> null);
  }

  /** Its files are gone; who has it open goes on with new ones. */
  void dropped(PartialKey key) {
    change(
        key,
        old -> old == null || !old.open ? null : new Item(key, old.claimant, true, 0, old.lastUse));
  }

  /** Nobody writes it any more, and these bytes of it stay. */
  void keep(PartialKey key, long size, Instant lastUse) {
    change(
        key,
        old ->
            new Item(
                key,
                old == null ? Optional.empty() : old.claimant,
                false,
                size,
                lastUse.getEpochSecond()));
  }

  /**
   * The walk found this one. What is known already of its last use counts if it is later.
   *
   * @param size what its pieces take, in bytes
   */
  void found(PartialKey key, long size, Instant modified) {
    change(
        key,
        old -> {
          long seconds = modified.getEpochSecond();
          if (old == null) {
            return new Item(key, Optional.empty(), false, size, seconds);
          }
          return old.open
              ? old
              : new Item(key, old.claimant, false, size, Math.max(old.lastUse, seconds));
        });
  }

  /** What could be evicted: all that are idle. */
  void candidates(
      Function<PartialKey, Evictable.Item> victim,
      List<EvictionOrder.Candidate<Evictable.Item>> to) {
    items.values().stream()
        .flatMap(List::stream)
        .filter(item -> !item.open)
        .map(item ->
            new EvictionOrder.Candidate<>(
                victim.apply(item.key),
                EvictionOrder.Kind.PIECES,
                item.bytes,
                item.lastUse,
                false,
                false))
        .forEach(to::add);
  }
}
