package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.BranchMove.Readiness;
import io.intrahub.policy.Observation;
import io.intrahub.testing.SettableClock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Quiet is five seconds, and a minute at most. */
class PendingCommitsTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/x");
  private static final RepoId OLD = new RepoId(RepoType.MODEL, "acme/old");
  private static final Revision MAIN = new Revision("main");

  private final SettableClock clock = new SettableClock();
  private final PendingCommits pending =
      new PendingCommits(clock, Duration.ofSeconds(5), Duration.ofSeconds(60), 1L << 20);
  private final Observation<CommitHash> second = observation('b');
  private final Observation<CommitHash> third = observation('c');

  private Observation<CommitHash> observation(char digit) {
    return new Observation<>(new CommitHash(String.valueOf(digit).repeat(40)), clock.instant());
  }

  private Optional<Observation<CommitHash>> asked() {
    return asked(REPO, MAIN);
  }

  /** What asking shows. */
  private Optional<Observation<CommitHash>> asked(RepoId repo, Revision revision) {
    AtomicReference<Optional<Observation<CommitHash>>> shown =
        new AtomicReference<>(Optional.empty());
    pending.requested(repo, revision, true, due -> shown.set(Optional.of(due.to())));
    return shown.get();
  }

  private Optional<Observation<CommitHash>> unseen(Instant since) {
    AtomicReference<Optional<Observation<CommitHash>>> shown =
        new AtomicReference<>(Optional.empty());
    pending.showIfUnseen(REPO, MAIN, since, due -> shown.set(Optional.of(due.to())));
    return shown.get();
  }

  private void moved(Observation<CommitHash> to, boolean known) {
    moved(to, known ? Readiness.COMPLETE : Readiness.UNLISTED);
  }

  private void moved(Observation<CommitHash> to, Readiness readiness) {
    pending.revisionMoved(REPO, MAIN, to, readiness, () -> true);
  }

  private void pass(int millis) {
    clock.pass(Duration.ofMillis(millis));
  }

  @Test
  void requests_close_together_do_not_wait_for_what_one_of_them_has_written() throws Exception {
    asked();
    pass(50);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      AtomicReference<Future<?>> other = new AtomicReference<>();
      pending.clear(
          REPO,
          MAIN,
          () -> {
            Future<?> asking = threads.submit(() -> asked());
            other.set(asking);
            await().until(asking::isDone);
          });
      other.get().get();
    }
  }

  @Test
  void nothing_pending_is_nothing_due() {
    assertThat(asked()).isEmpty();
    pass(100_000);
    assertThat(asked()).isEmpty();
  }

  @Test
  void a_load_in_progress_sees_one_commit() {
    asked();
    moved(second, true);
    for (int i = 0; i < 11; i++) {
      pass(4_999);
      assertThat(asked()).isEmpty();
    }
    pass(5_000);
    assertThat(asked()).contains(second);
    assertThat(asked()).isEmpty();
  }

  @Test
  void a_load_goes_on_under_the_new_name_of_its_repo() {
    Instant before = clock.instant();
    pass(1_000);
    asked(OLD, MAIN);
    pass(1_000);
    Instant since = clock.instant();
    pending.loads().renamed(OLD, REPO);
    moved(second, true);
    assertThat(unseen(since)).isEmpty();
    assertThat(asked()).isEmpty();
    pass(5_000);
    assertThat(asked()).contains(second);
    moved(third, true);
    assertThat(unseen(before)).contains(third);
  }

  @Test
  void a_response_under_the_old_name_of_a_repo_is_part_of_its_load() {
    Runnable end = pending.loads().told(OLD, MAIN);
    pending.loads().renamed(OLD, REPO);
    moved(second, true);
    pass(6_000);
    assertThat(asked()).isEmpty();
    pass(6_000);
    end.run();
    assertThat(asked()).isEmpty();
    pass(5_000);
    assertThat(asked()).contains(second);
  }

  @Test
  void a_load_of_another_repo_that_gets_the_old_name_holds_up_nothing() {
    asked(OLD, MAIN);
    pending.loads().renamed(OLD, REPO);
    pending.forget(OLD);
    pass(6_000);
    moved(second, true);
    asked(OLD, MAIN);
    assertThat(asked()).contains(second);
  }

  @Test
  void after_a_minute_it_is_shown_whatever_happens() {
    asked();
    moved(second, false);
    for (int i = 0; i < 59; i++) {
      pass(1_000);
      assertThat(asked()).as("second %d", i).isEmpty();
    }
    pass(1_000);
    assertThat(asked()).contains(second);
  }

  @Test
  void without_its_manifest_quiet_is_not_enough() {
    asked();
    moved(second, false);
    pass(10_000);
    assertThat(asked()).isEmpty();
    moved(second, true);
    pass(5_000);
    assertThat(asked()).contains(second);
  }

  @Test
  void a_newer_move_takes_the_place_and_not_the_time_of_an_older_one() {
    asked();
    moved(second, true);
    for (int i = 0; i < 59; i++) {
      pass(1_000);
      asked();
    }
    moved(third, true);
    pass(1_000);
    assertThat(asked()).contains(third);
  }

  /** A load that began before the files had come has as long as any other. */
  @Test
  void the_minute_begins_when_the_files_are_there() {
    asked();
    moved(second, Readiness.WARMING);
    for (int i = 0; i < 100; i++) {
      pass(1_000);
      assertThat(asked()).isEmpty();
    }
    pending.warmed(REPO, MAIN, second.value(), Readiness.COMPLETE, there -> {});
    for (int i = 0; i < 59; i++) {
      pass(1_000);
      assertThat(asked()).as("second %d", i).isEmpty();
    }
    pass(1_000);
    assertThat(asked()).contains(second);
  }

  @Test
  void what_was_fetched_for_another_commit_settles_nothing() {
    asked();
    moved(third, Readiness.WARMING);
    AtomicReference<Boolean> isPending = new AtomicReference<>();
    pending.warmed(REPO, MAIN, second.value(), Readiness.COMPLETE, isPending::set);
    assertThat(isPending.get()).isFalse();
    pass(100_000);
    assertThat(asked()).isEmpty();
  }

  @Test
  void what_is_settled_is_not_pending() {
    asked();
    moved(second, true);
    pending.clear(REPO, MAIN, () -> {});
    pass(100_000);
    assertThat(asked()).isEmpty();
  }

  @Test
  void revisions_do_not_mix() {
    moved(second, true);
    assertThat(asked(REPO, new Revision("dev"))).isEmpty();
    assertThat(asked(new RepoId(RepoType.DATASET, "acme/x"), MAIN)).isEmpty();
    assertThat(asked()).contains(second);
  }

  @Test
  void those_who_began_after_the_old_one_was_too_old_see_the_new_one() {
    asked();
    pass(700_000);
    Instant tooOld = clock.instant();
    assertThat(asked()).isEmpty();
    moved(second, true);
    assertThat(unseen(tooOld.plusMillis(1))).isEmpty();
    assertThat(unseen(tooOld)).contains(second);
    assertThat(unseen(tooOld)).isEmpty();
  }

  @Test
  void not_if_one_of_them_was_told_the_old_one() {
    asked();
    pending.oldCommitServed(REPO, MAIN);
    moved(second, true);
    assertThat(unseen(clock.instant())).isEmpty();
    pass(5_000);
    assertThat(asked()).contains(second);
  }

  @Test
  void a_deletion_is_shown_only_when_upstream_says_so_again() {
    asked();
    pass(5_000);
    asked();
    moved(second, Readiness.DELETED);
    pass(5_000);
    assertThat(unseen(Instant.MIN)).isEmpty();
    AtomicReference<PendingCommit> shown = new AtomicReference<>();
    pending.showIfQuiet(REPO, MAIN, shown::set);
    assertThat(shown).hasNullValue();
    pending.showDeletion(REPO, MAIN, shown::set);
    assertThat(shown).doesNotHaveNullValue();
  }

  @Test
  void an_unclear_answer_about_a_deletion_is_not_asked_for_again_at_once() {
    Duration pause = Duration.ofSeconds(60);
    moved(second, Readiness.DELETED);
    pass(5_000);
    assertThat(pending.isDeletionDue(REPO, MAIN, pause)).isTrue();
    pending.deletionUnclear(REPO, MAIN);
    pass(59_999);
    assertThat(pending.isDeletionDue(REPO, MAIN, pause)).isFalse();
    pass(1);
    assertThat(pending.isDeletionDue(REPO, MAIN, pause)).isTrue();
    pending.deletionUnclear(REPO, MAIN);
    clock.setBack(Duration.ofHours(1));
    assertThat(pending.isDeletionDue(REPO, MAIN, pause)).as("the clock was set back").isTrue();
  }

  @Test
  void a_clock_that_is_set_back_makes_nobody_wait_for_it() {
    asked();
    moved(second, true);
    clock.setBack(Duration.ofHours(1));
    assertThat(asked()).contains(second);
  }

  @Test
  void what_is_shown_already_does_not_wait() {
    asked();
    pending.revisionMoved(REPO, MAIN, second, Readiness.COMPLETE, () -> false);
    pass(100_000);
    assertThat(asked()).isEmpty();
  }

  @Test
  void a_commit_that_the_store_could_not_take_stays_pending() {
    asked();
    moved(second, true);
    pass(5_000);
    assertThatThrownBy(() ->
            pending.requested(
                REPO,
                MAIN,
                true,
                _ -> {
                  throw new IllegalStateException("the disk");
                }))
        .hasMessage("the disk");
    assertThat(asked()).contains(second);
    assertThat(asked()).isEmpty();
  }

  /** Two revisions with one hash code are in one bin of every map. */
  @Test
  void a_store_that_is_slow_with_one_revision_delays_no_other() throws Exception {
    Revision slow = new Revision("Aa");
    Revision other = new Revision("BB");
    assertThat(slow).hasSameHashCodeAs(other);
    CountDownLatch writing = new CountDownLatch(1);
    CountDownLatch written = new CountDownLatch(1);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> clearing =
          threads.submit(() ->
              pending.clear(
                  REPO,
                  slow,
                  () -> {
                    writing.countDown();
                    await().until(() -> written.getCount() == 0);
                  }));
      writing.await();
      Future<?> asking = threads.submit(() -> asked(REPO, other));
      try {
        await().atMost(Duration.ofSeconds(5)).until(asking::isDone);
        assertThat(clearing).isNotDone();
      } finally {
        written.countDown();
      }
      clearing.get();
    }
  }
}
