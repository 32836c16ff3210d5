package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class OverdueTest {
  private static final RepoId ONE = RepoId.parse(RepoType.MODEL, "acme/one").orElseThrow();
  private static final RepoId OTHER = RepoId.parse(RepoType.MODEL, "acme/other").orElseThrow();
  private static final Duration NEVER_IN_A_TEST = Duration.ofMinutes(10);

  @Test
  void an_answer_that_is_there_is_given() {
    assertThat(new Overdue(NEVER_IN_A_TEST).await(ONE, CompletableFuture.completedFuture(7)))
        .contains(7);
  }

  @Test
  void after_one_has_waited_in_vain_nobody_waits_until_that_question_is_closed() {
    Overdue overdue = new Overdue(Duration.ofMillis(300));
    CompletableFuture<Integer> first = new CompletableFuture<>();
    assertThat(overdue.await(ONE, first)).isEmpty();

    assertThat(waits(overdue, ONE)).isFalse();

    first.completeExceptionally(new IllegalStateException("timed out"));
    assertThat(waits(overdue, ONE)).isTrue();
  }

  @Test
  void another_repo_is_another_question() {
    Overdue overdue = new Overdue(Duration.ofMillis(300));
    assertThat(overdue.await(ONE, new CompletableFuture<Integer>())).isEmpty();

    assertThat(waits(overdue, OTHER)).isTrue();
  }

  /** Whether the answer to a question that takes a moment is awaited. */
  private static boolean waits(Overdue overdue, RepoId repo) {
    CompletableFuture<Integer> question =
        new CompletableFuture<Integer>().completeOnTimeout(1, 50, TimeUnit.MILLISECONDS);
    return overdue.await(repo, question).isPresent();
  }
}
