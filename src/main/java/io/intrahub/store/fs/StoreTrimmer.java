package io.intrahub.store.fs;

import io.intrahub.policy.EvictionOrder;
import io.intrahub.store.StoreUsage;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.store.fs.space.Evictable;
import io.intrahub.store.fs.space.Evictor;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Evicts down to a size for the operator, in the order in which a full store does. Safe for use by
 * many threads.
 */
public final class StoreTrimmer {
  private final Evictor evictor;
  private final DiskBudgetSettings settings;
  private final Supplier<StoreUsage> usage;
  private final Clock clock;

  StoreTrimmer(
      Evictor evictor, DiskBudgetSettings settings, Supplier<StoreUsage> usage, Clock clock) {
    this.evictor = evictor;
    this.settings = settings;
    this.usage = usage;
    this.clock = clock;
  }

  /**
   * One item of an eviction.
   *
   * @param blob that it is, or is a part of; empty for metadata
   * @param name of metadata, for the operator; of a blob its digest
   * @param bytes that are free without it
   * @param lastUse when it was last used, in whole seconds
   * @param reason for its place in the order
   */
  public record Item(
      Optional<BlobKey> blob,
      String name,
      EvictionOrder.Kind kind,
      long bytes,
      Instant lastUse,
      EvictionOrder.Reason reason) {}

  /** Down to how many bytes a full store evicts; empty if its size has no limit. */
  public OptionalLong lowWatermark() {
    long mark = settings.lowMark();
    return mark == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(mark);
  }

  /** Bytes of the store that count against its limit, and whether all of it was counted yet. */
  public StoreUsage usage() {
    return usage.get();
  }

  /**
   * Finds out what would be evicted now, in this order, so that the store takes no more than this.
   *
   * @param target in bytes
   * @param to gets one item after the other
   * @throws IOException if the thread was interrupted
   */
  public void plan(long target, Consumer<Item> to) throws IOException {
    long now = clock.instant().getEpochSecond();
    evictor
        .plan(() -> usage().used() - target)
        .forEach(candidate -> to.accept(item(candidate, candidate.size(), now)));
  }

  /**
   * Evicts until the store takes no more than this, or nothing more can go.
   *
   * @param target in bytes
   * @param to gets each item that went, in this order, and must be quick: no transfer gets space
   *     meanwhile
   * @throws IOException if the thread was interrupted
   */
  public void trim(long target, Consumer<Item> to) throws IOException {
    long now = clock.instant().getEpochSecond();
    long _ =
        evictor.free(
            () -> usage().used() - target,
            (candidate, freed) -> to.accept(item(candidate, freed, now)));
  }

  private static Item item(
      EvictionOrder.Candidate<Evictable.Item> candidate, long bytes, long now) {
    return new Item(
        candidate.key().blob(),
        candidate.key().toString(),
        candidate.kind(),
        bytes,
        Instant.ofEpochSecond(candidate.lastUse()),
        EvictionOrder.reason(candidate, now));
  }
}
