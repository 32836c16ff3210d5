package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How many bytes are fetched ahead for one repo. */
class WarmingBudgetTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/x");

  private final WarmingBudget budget = new WarmingBudget(100);

  private static BlobId blob(int number, long size) {
    return new BlobId(new Digest.Sha256("%064x".formatted(number)), size);
  }

  private static WarmingBudget.Need need(WarmingBudget budget, BlobId... blobs) {
    WarmingBudget.Need need = budget.new Need();
    for (BlobId blob : blobs) {
      need.add(blob);
    }
    return need;
  }

  private WarmingBudget.Need need(BlobId... blobs) {
    return need(budget, blobs);
  }

  @Test
  void commits_that_are_fetched_at_the_same_time_count_together() {
    try (WarmingBudget.Share one = budget.open(REPO);
        WarmingBudget.Share two = budget.open(REPO)) {
      assertThat(one.reserve(need(blob(1, 60)))).isTrue();
      assertThat(two.reserve(need(blob(2, 41)))).isFalse();
      assertThat(two.covers(blob(2, 40))).isTrue();
      assertThat(two.covers(blob(2, 41))).isFalse();
      assertThat(two.take(blob(3, 30))).isTrue();
      assertThat(two.take(blob(4, 11))).isFalse();
      assertThat(two.take(blob(5, 10))).isTrue();
      assertThat(one.take(blob(1, 60))).isTrue();
      assertThat(one.take(blob(6, 1))).isFalse();
    }
  }

  @Test
  void what_an_ended_commit_used_counts_until_the_last_has_ended() {
    WarmingBudget.Share one = budget.open(REPO);
    WarmingBudget.Share two = budget.open(REPO);
    assertThat(one.reserve(need(blob(1, 60)))).isTrue();
    assertThat(one.take(blob(1, 60))).isTrue();
    one.close();
    assertThat(two.reserve(need(blob(2, 60)))).isFalse();
    two.close();
    try (WarmingBudget.Share next = budget.open(REPO)) {
      assertThat(next.reserve(need(blob(3, 100)))).isTrue();
    }
  }

  @Test
  void what_an_ended_commit_did_not_use_is_given_back_at_once() {
    try (WarmingBudget.Share other = budget.open(REPO)) {
      try (WarmingBudget.Share ended = budget.open(REPO)) {
        assertThat(ended.reserve(need(blob(1, 60), blob(2, 40)))).isTrue();
        assertThat(ended.take(blob(1, 60))).isTrue();
        assertThat(other.covers(blob(3, 1))).isFalse();
      }
      assertThat(other.covers(blob(3, 41))).isFalse();
      assertThat(other.reserve(need(blob(3, 40)))).isTrue();
    }
  }

  @Test
  void what_another_commit_reserves_too_is_not_given_back() {
    try (WarmingBudget.Share other = budget.open(REPO)) {
      try (WarmingBudget.Share ended = budget.open(REPO)) {
        assertThat(ended.reserve(need(blob(1, 60)))).isTrue();
        assertThat(other.reserve(need(blob(1, 60)))).isTrue();
      }
      assertThat(other.take(blob(2, 41))).isFalse();
      assertThat(other.take(blob(1, 60))).isTrue();
      assertThat(other.take(blob(2, 40))).isTrue();
    }
  }

  @Test
  void a_blob_that_several_commits_need_counts_once() {
    try (WarmingBudget.Share main = budget.open(REPO);
        WarmingBudget.Share stable = budget.open(REPO)) {
      assertThat(main.reserve(need(blob(1, 60)))).isTrue();
      assertThat(stable.reserve(need(blob(1, 60), blob(2, 40)))).isTrue();
      assertThat(main.take(blob(1, 60))).isTrue();
      assertThat(stable.take(blob(1, 60))).isTrue();
      assertThat(stable.take(blob(2, 40))).isTrue();
      assertThat(main.covers(blob(3, 1))).isFalse();
    }
  }

  /** It may need more than the first, because other files were served on it before. */
  @Test
  void a_second_branch_at_the_same_commit_is_charged_for_what_it_needs_besides() {
    try (WarmingBudget.Share main = budget.open(REPO);
        WarmingBudget.Share dev = budget.open(REPO)) {
      assertThat(main.reserve(need(blob(1, 60)))).isTrue();
      assertThat(dev.reserve(need(blob(1, 60), blob(2, 41)))).isFalse();
      assertThat(dev.take(blob(2, 41))).isFalse();
    }
  }

  @Test
  void a_blob_under_two_paths_counts_once() {
    try (WarmingBudget.Share one = budget.open(REPO)) {
      assertThat(one.reserve(need(blob(1, 60), blob(1, 60)))).isTrue();
      assertThat(one.take(blob(1, 60))).isTrue();
      assertThat(one.take(blob(1, 60))).isTrue();
      assertThat(one.take(blob(2, 40))).isTrue();
    }
  }

  /** However many there are, they cost no memory. */
  @Test
  void tiny_blobs_are_added_up() {
    WarmingBudget large = new WarmingBudget(1 << 20);
    BlobId[] tiny = IntStream.range(0, 10_000).mapToObj(i -> blob(i, 64)).toArray(BlobId[]::new);
    BlobId rest = blob(-1, (1 << 20) - 640_000);
    try (WarmingBudget.Share other = large.open(REPO)) {
      try (WarmingBudget.Share one = large.open(REPO)) {
        assertThat(one.reserve(need(large, tiny))).isTrue();
        assertThat(one.take(tiny[0])).isTrue();
        assertThat(other.reserve(need(large, rest, blob(-2, 1)))).isFalse();
      }
      assertThat(other.take(rest)).isTrue();
      assertThat(other.take(blob(-3, 640_000 - 64))).isTrue();
      assertThat(other.take(blob(-4, 1))).isFalse();
    }
  }

  @Test
  void each_repo_has_its_own() {
    try (WarmingBudget.Share one = budget.open(REPO);
        WarmingBudget.Share other = budget.open(new RepoId(RepoType.DATASET, "acme/x"))) {
      assertThat(one.reserve(need(blob(1, 100)))).isTrue();
      assertThat(other.reserve(need(blob(2, 100)))).isTrue();
    }
  }
}
