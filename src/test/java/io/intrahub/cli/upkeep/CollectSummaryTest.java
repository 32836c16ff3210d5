package io.intrahub.cli.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.policy.EvictionOrder.Kind;
import io.intrahub.policy.EvictionOrder.Reason;
import io.intrahub.store.fs.StoreTrimmer.Item;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is left of the many items of an eviction. */
class CollectSummaryTest {
  private static final Instant NOW = Instant.parse("2026-11-29T10:00:00Z");

  private static Item item(int number, long bytes, Reason reason) {
    return new Item(Optional.empty(), Integer.toString(number), Kind.PUBLISHED, bytes, NOW, reason);
  }

  @Test
  void it_counts_all_and_keeps_the_largest_in_their_order() {
    Random random = new Random(7);
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      // Few sizes, so that many are the same.
      Reason reason = i < 2_000 ? Reason.SUPERSEDED : Reason.LEAST_RECENTLY_USED;
      items.add(item(i, 1 + random.nextInt(200), reason));
    }
    CollectSummary summary = new CollectSummary(100);

    items.forEach(summary);

    List<Item> expected =
        items.stream()
            .sorted(Comparator.comparingLong(Item::bytes).reversed())
            .limit(100)
            .sorted(Comparator.comparingInt(item -> Integer.parseInt(item.name())))
            .toList();
    assertThat(summary.largest()).isEqualTo(expected);
    long bytes = items.stream().mapToLong(Item::bytes).sum();
    assertThat(summary.all()).isEqualTo(new CollectSummary.Sum(5_000, bytes));
    assertThat(summary.reasons()).containsOnlyKeys(Reason.SUPERSEDED, Reason.LEAST_RECENTLY_USED);
    assertThat(summary.reasons().get(Reason.SUPERSEDED).count()).isEqualTo(2_000);
  }

  @Test
  void it_is_empty_when_nothing_goes() {
    CollectSummary summary = new CollectSummary(100);

    assertThat(summary.all()).isEqualTo(new CollectSummary.Sum(0, 0));
    assertThat(summary.largest()).isEmpty();
  }
}
