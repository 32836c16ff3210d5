package io.intrahub.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.policy.EvictionOrder.Candidate;
import io.intrahub.policy.EvictionOrder.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Who has to go. */
final class EvictionOrderTest {
  private static final long NOW = 1_000_000;
  private static final long HOUR = 3600;

  private static Candidate<String> blob(String key, long size, long lastUse) {
    return new Candidate<>(key, Kind.PUBLISHED, size, lastUse, false, false);
  }

  private static Candidate<String> superseded(String key, long size, long lastUse) {
    return new Candidate<>(key, Kind.PUBLISHED, size, lastUse, true, false);
  }

  private static Candidate<String> pieces(String key, long size, long lastUse) {
    return new Candidate<>(key, Kind.PIECES, size, lastUse, false, false);
  }

  private static Candidate<String> known(
      Kind kind, String key, long size, long lastUse, boolean superseded) {
    return new Candidate<>(key, kind, size, lastUse, superseded, false);
  }

  @Test
  void what_is_known_of_current_commits_goes_last_and_the_rest_like_blobs() {
    List<Candidate<String>> all =
        List.of(
            known(Kind.MANIFEST, "manifest", 70, 1, false),
            known(Kind.ANSWERS, "answers", 10, 2, false),
            blob("blob", 40, NOW),
            superseded("superseded", 60, 5),
            known(Kind.ANSWERS, "old answers", 20, 4, true),
            known(Kind.MANIFEST, "old manifest", 50, 6, true));

    assertThat(victims(250, all))
        .containsExactly(
            "old answers", "superseded", "old manifest", "blob", "answers", "manifest");
  }

  private static List<String> victims(long toFree, List<Candidate<String>> candidates) {
    return EvictionOrder.victims(candidates, toFree, NOW).stream().map(Candidate::key).toList();
  }

  @Test
  void the_least_recently_used_go_and_no_more_than_is_needed() {
    List<Candidate<String>> all =
        List.of(blob("young", 40, NOW), blob("old", 10, NOW - 9), blob("middle", 5, NOW - 5));

    assertThat(victims(1, all)).containsExactly("old");
    assertThat(victims(10, all)).containsExactly("old");
    assertThat(victims(11, all)).containsExactly("old", "middle");
    assertThat(victims(1000, all)).containsExactly("old", "middle", "young");
    assertThat(victims(0, all)).isEmpty();
    assertThat(victims(-5, all)).isEmpty();
  }

  @Test
  void superseded_blobs_and_pieces_left_for_long_go_first() {
    List<Candidate<String>> all =
        List.of(
            blob("old", 40, 5),
            superseded("superseded", 10, NOW),
            pieces("left", 30, NOW - HOUR),
            pieces("fresh", 20, NOW - HOUR + 1));

    assertThat(victims(100, all)).containsExactly("left", "superseded", "old", "fresh");
  }

  @Test
  void what_is_in_use_never_goes() {
    List<Candidate<String>> all =
        List.of(
            new Candidate<>("open", Kind.PUBLISHED, 5, 1, true, true),
            new Candidate<>("fetched", Kind.PIECES, 5, 1, false, true),
            blob("empty", 0, 1),
            blob("other", 5, NOW));

    assertThat(victims(1000, all)).containsExactly("other");
  }

  @Test
  void of_two_of_one_age_the_larger_goes() {
    assertThat(victims(5, List.of(blob("small", 5, 1), blob("large", 500, 1))))
        .containsExactly("large");
  }

  static List<Long> seeds() {
    return new Random(20_261_124).longs(200).boxed().toList();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void any_choice_is_allowed_enough_minimal_and_in_order(long seed) {
    Random random = new Random(seed);
    List<Candidate<Integer>> all = new ArrayList<>();
    for (int i = random.nextInt(60); i > 0; i--) {
      all.add(
          new Candidate<>(
              i,
              Kind.values()[random.nextInt(Kind.values().length)],
              random.nextInt(20),
              NOW - random.nextInt(12) * HOUR / 4,
              random.nextBoolean(),
              random.nextInt(5) == 0));
    }
    long toFree = random.nextInt(300);

    List<Candidate<Integer>> victims = EvictionOrder.victims(all, toFree, NOW);

    Set<Candidate<Integer>> chosen = new HashSet<>(victims);
    assertThat(chosen).hasSameSizeAs(victims);
    assertThat(all).containsAll(victims);
    assertThat(victims).noneMatch(Candidate::inUse);
    long freed = sum(victims);
    List<Candidate<Integer>> spared =
        all.stream().filter(c -> !chosen.contains(c) && !c.inUse() && c.size() > 0).toList();
    if (freed < toFree) {
      assertThat(spared).isEmpty();
    } else if (!victims.isEmpty()) {
      assertThat(freed - victims.getLast().size()).isLessThan(toFree);
    }
    for (Candidate<Integer> victim : victims) {
      assertThat(spared)
          .allMatch(s -> rank(victim) < rank(s) || rank(victim) == rank(s) && isBefore(victim, s));
    }
    // The order of the candidates decides nothing but between equals.
    List<Candidate<Integer>> reversed = all.reversed();
    assertThat(sum(EvictionOrder.victims(reversed, toFree, NOW))).isEqualTo(freed);
  }

  private static boolean isBefore(Candidate<Integer> victim, Candidate<Integer> spared) {
    return victim.lastUse() < spared.lastUse()
        || victim.lastUse() == spared.lastUse() && victim.size() >= spared.size();
  }

  private static int rank(Candidate<Integer> c) {
    return switch (c.kind()) {
      case PIECES -> c.lastUse() <= NOW - HOUR ? 0 : 1;
      case PUBLISHED -> c.superseded() ? 0 : 1;
      case ANSWERS -> c.superseded() ? 0 : 2;
      case MANIFEST -> c.superseded() ? 0 : 3;
    };
  }

  private static long sum(List<Candidate<Integer>> of) {
    return of.stream().mapToLong(Candidate::size).sum();
  }
}
