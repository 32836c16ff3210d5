package io.intrahub.cli.upkeep;

import io.intrahub.policy.EvictionOrder.Reason;
import io.intrahub.store.fs.StoreTrimmer.Item;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.Consumer;

/**
 * Sums up an eviction: how much goes for each reason, and the largest items. Its size does not
 * depend on the number of items. For one thread.
 */
final class CollectSummary implements Consumer<Item> {
  private final int limit;
  private final Map<Reason, Sum> reasons = new EnumMap<>(Reason.class);

  /** The largest items, the one to be left out next first: of two with the same size the later. */
  private final PriorityQueue<Numbered> largest =
      new PriorityQueue<>(
          Comparator.<Numbered>comparingLong(one -> one.item().bytes())
              .thenComparing(Comparator.comparingLong(Numbered::number).reversed()));

  private long number;

  /** A summary that keeps at most this many items. */
  CollectSummary(int limit) {
    this.limit = limit;
  }

  /**
   * Several items together.
   *
   * @param bytes that are free without them
   */
  record Sum(long count, long bytes) {
    Sum plus(Sum other) {
      return new Sum(count + other.count, bytes + other.bytes);
    }
  }

  /** An item and its place in the order of the eviction. */
  private record Numbered(long number, Item item) {}

  /** Adds the next item. */
  @Override
  public void accept(Item item) {
    reasons.merge(item.reason(), new Sum(1, item.bytes()), Sum::plus);
    largest.add(new Numbered(number++, item));
    if (largest.size() > limit) {
      largest.remove();
    }
  }

  /** All items together. */
  Sum all() {
    return reasons.values().stream().reduce(new Sum(0, 0), Sum::plus);
  }

  /** The items of each reason that occurs. */
  Map<Reason, Sum> reasons() {
    return Collections.unmodifiableMap(reasons);
  }

  /** The largest items, in the order of the eviction. */
  List<Item> largest() {
    return largest.stream()
        .sorted(Comparator.comparingLong(Numbered::number))
        .map(Numbered::item)
        .toList();
  }
}
