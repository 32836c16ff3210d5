package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import org.junit.jupiter.api.Test;

/** How many bytes are fetched ahead for one repo. */
class WarmingBudgetTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/x");
  private static final CommitHash ONE = CommitHash.parse("1".repeat(40)).orElseThrow();
  private static final CommitHash TWO = CommitHash.parse("2".repeat(40)).orElseThrow();

  private final WarmingBudget budget = new WarmingBudget(100);

  @Test
  void commits_that_are_fetched_at_the_same_time_count_together() {
    try (WarmingBudget.Share one = budget.open(REPO, ONE);
        WarmingBudget.Share two = budget.open(REPO, TWO)) {
      assertThat(one.reserve(60)).isTrue();
      assertThat(two.reserve(41)).isFalse();
      assertThat(two.left()).isEqualTo(40);
      assertThat(two.take(30)).isTrue();
      assertThat(two.take(11)).isFalse();
      assertThat(two.take(10)).isTrue();
      assertThat(one.take(60)).isTrue();
      assertThat(one.take(1)).isFalse();
    }
  }

  @Test
  void what_an_ended_commit_used_counts_until_the_last_has_ended() {
    WarmingBudget.Share one = budget.open(REPO, ONE);
    WarmingBudget.Share two = budget.open(REPO, TWO);
    assertThat(one.reserve(60)).isTrue();
    one.close();
    assertThat(two.reserve(60)).isFalse();
    two.close();
    try (WarmingBudget.Share next = budget.open(REPO, TWO)) {
      assertThat(next.reserve(100)).isTrue();
    }
  }

  @Test
  void two_branches_at_one_commit_count_once() {
    try (WarmingBudget.Share main = budget.open(REPO, ONE);
        WarmingBudget.Share stable = budget.open(REPO, ONE);
        WarmingBudget.Share other = budget.open(REPO, TWO)) {
      assertThat(main.reserve(60)).isTrue();
      assertThat(stable.reserve(60)).isTrue();
      assertThat(main.take(60)).isTrue();
      assertThat(stable.take(60)).isTrue();
      assertThat(other.left()).isEqualTo(40);
    }
  }

  @Test
  void each_repo_has_its_own() {
    try (WarmingBudget.Share one = budget.open(REPO, ONE);
        WarmingBudget.Share other = budget.open(new RepoId(RepoType.DATASET, "acme/x"), ONE)) {
      assertThat(one.reserve(100)).isTrue();
      assertThat(other.reserve(100)).isTrue();
    }
  }
}
