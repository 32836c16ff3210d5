package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class SlowUpstreamGuardTest {
  private static final RepoId ONE = RepoId.parse(RepoType.MODEL, "acme/one").orElseThrow();
  private static final RepoId OTHER = RepoId.parse(RepoType.MODEL, "acme/other").orElseThrow();
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  /** How long each question was waited for. */
  private final List<Duration> waits = new ArrayList<>();

  private final SlowUpstreamGuard slowUpstream =
      new SlowUpstreamGuard(
          PATIENCE,
          new SlowUpstreamGuard.Wait() {
            @Override
            public <T> Optional<T> until(CompletableFuture<T> work, Duration atMost) {
              waits.add(atMost);
              return work.isDone() ? Optional.of(work.join()) : Optional.empty();
            }
          });

  @Test
  void an_answer_that_is_there_is_given() {
    assertThat(new SlowUpstreamGuard(PATIENCE).await(ONE, CompletableFuture.completedFuture(7)))
        .contains(7);
  }

  @Test
  void after_one_has_waited_in_vain_nobody_waits_until_that_question_is_closed() {
    CompletableFuture<Integer> first = new CompletableFuture<>();
    assertThat(slowUpstream.await(ONE, first)).isEmpty();
    assertThat(slowUpstream.await(ONE, new CompletableFuture<Integer>())).isEmpty();
    assertThat(waits).containsExactly(PATIENCE, Duration.ZERO);

    first.completeExceptionally(new IllegalStateException("timed out"));
    assertThat(slowUpstream.await(ONE, new CompletableFuture<Integer>())).isEmpty();
    assertThat(waits).last().isEqualTo(PATIENCE);
  }

  @Test
  void an_answer_that_is_there_is_given_also_while_nobody_waits() {
    assertThat(slowUpstream.await(ONE, new CompletableFuture<Integer>())).isEmpty();
    assertThat(slowUpstream.await(ONE, CompletableFuture.completedFuture(7))).contains(7);
  }

  @Test
  void another_repo_is_another_question() {
    assertThat(slowUpstream.await(ONE, new CompletableFuture<Integer>())).isEmpty();
    assertThat(slowUpstream.await(OTHER, new CompletableFuture<Integer>())).isEmpty();
    assertThat(waits).containsExactly(PATIENCE, PATIENCE);
  }
}
