package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.Authorised;
import io.intrahub.access.Caller;
import io.intrahub.access.TestGrants;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.metrics.Meters;
import io.intrahub.policy.BranchMove.Readiness;
import io.intrahub.policy.Observation;
import io.intrahub.store.CommitRole;
import io.intrahub.store.RepoStore;
import io.intrahub.store.memory.MemoryStore;
import io.intrahub.testing.SettableClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A commit becomes visible while another thread notes what upstream said of the branch. */
@Timeout(30)
class BranchCommitsTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/x");
  private static final Revision MAIN = new Revision("main");
  private static final CommitHash FIRST = new CommitHash("1".repeat(40));
  private static final CommitHash SECOND = new CommitHash("2".repeat(40));
  private static final CommitHash THIRD = new CommitHash("3".repeat(40));

  private final SettableClock clock = new SettableClock();
  private final RepoStore memory = new MemoryStore(clock).repos();
  private final Authorised<RepoId> proof = TestGrants.everybody(REPO);

  /** Warmings that have not begun. */
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

  /** What other threads do before the next write of the commit that clients see. */
  private final Queue<Runnable> meanwhile = new ArrayDeque<>();

  /** What other threads do before the next change of what is pending begins. */
  private final Queue<Runnable> beforeChange = new ArrayDeque<>();

  private Optional<Thread> other = Optional.empty();
  private final BranchCommits branches =
      new BranchCommits(
          interrupted(),
          new PendingCommits(
              interruptedClock(), Duration.ofSeconds(5), Duration.ofSeconds(60), 1L << 20),
          _ -> Readiness.COMPLETE,
          tasks::add,
          new Meters(new SimpleMeterRegistry()),
          clock,
          false);

  /** The store; another thread gets as far as it can before a write. */
  private RepoStore interrupted() {
    return (RepoStore)
        Proxy.newProxyInstance(
            RepoStore.class.getClassLoader(),
            new Class<?>[] {RepoStore.class},
            (_, method, args) -> {
              if (method.getName().equals("putRevision") && args.length == 3) {
                Optional.ofNullable(meanwhile.poll()).ifPresent(this::runAsFarAsItGets);
              }
              try {
                return method.invoke(memory, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  /** It is read before a change of what is pending begins. */
  private Clock interruptedClock() {
    return new Clock() {
      @Override
      public Instant instant() {
        Optional.ofNullable(beforeChange.poll())
            .ifPresent(BranchCommitsTest.this::runAsFarAsItGets);
        return clock.instant();
      }

      @Override
      public ZoneId getZone() {
        return clock.getZone();
      }

      @Override
      public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException();
      }
    };
  }

  private void runAsFarAsItGets(Runnable work) {
    Thread thread = Thread.ofPlatform().start(work);
    other = Optional.of(thread);
    await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .until(() -> !thread.isAlive() || thread.getState() == Thread.State.WAITING);
  }

  private Observation<CommitHash> now(CommitHash commit) {
    clock.pass(Duration.ofSeconds(1));
    return new Observation<>(commit, clock.instant());
  }

  private void moved(CommitHash to) {
    moved(now(to));
  }

  private void moved(Observation<CommitHash> to) {
    branches.moved(
        proof, MAIN, to, new ManifestLoader.Result.TooLarge(), Caller.ANONYMOUS, _ -> {});
  }

  private boolean confirmed(Observation<CommitHash> commit) {
    return branches.confirmed(proof, MAIN, commit, Caller.ANONYMOUS, _ -> {});
  }

  private void warmAndShow() {
    tasks.remove().run();
    branches.showIfQuiet(proof, MAIN, Duration.ZERO);
  }

  private CommitHash visible() {
    return memory.revision(proof, MAIN).orElseThrow().value();
  }

  @Test
  void a_commit_that_becomes_visible_during_a_confirmation_stays_visible() throws Exception {
    memory.putRevision(REPO, MAIN, now(FIRST));
    moved(SECOND);
    meanwhile.add(this::warmAndShow);
    moved(THIRD);
    other.orElseThrow().join();
    assertThat(visible()).isEqualTo(SECOND);
  }

  /** Its answer took long, and that to a later question did not. */
  @Test
  void a_confirmation_that_was_asked_for_before_a_move_does_not_end_the_move() {
    memory.putRevision(REPO, MAIN, now(FIRST));
    Observation<CommitHash> late = now(FIRST);
    moved(SECOND);
    assertThat(confirmed(late)).isTrue();
    warmAndShow();
    assertThat(visible()).isEqualTo(SECOND);
  }

  @Test
  void a_commit_that_was_named_before_the_visible_one_was_does_not_take_its_place() {
    memory.putRevision(REPO, MAIN, now(FIRST));
    Observation<CommitHash> late = now(FIRST);
    moved(SECOND);
    warmAndShow();
    assertThat(confirmed(late)).as("FIRST is visible").isFalse();
    moved(late);
    clock.pass(Duration.ofMinutes(2));
    branches.requested(proof, MAIN, true);
    assertThat(visible()).isEqualTo(SECOND);
  }

  @Test
  void a_commit_that_was_named_before_the_pending_one_was_does_not_take_its_place() {
    memory.putRevision(REPO, MAIN, now(FIRST));
    Observation<CommitHash> late = now(SECOND);
    moved(THIRD);
    tasks.peek().run();
    moved(late);
    warmAndShow();
    assertThat(visible()).isEqualTo(THIRD);
  }

  /** It became complete after the store was looked at, and before the fallback was noted. */
  @Test
  void a_fallback_does_not_take_the_place_of_a_commit_that_is_complete_by_then() {
    memory.putRevision(REPO, MAIN, now(SECOND));
    memory.putRevision(REPO, MAIN, CommitRole.SERVABLE, now(FIRST));
    moved(THIRD);
    beforeChange.add(() -> tasks.remove().run());
    branches.requested(proof, MAIN, false);
    assertThat(visible()).isEqualTo(THIRD);
  }

  @Test
  void a_late_answer_of_a_cold_question_changes_nothing() {
    Observation<CommitHash> late = now(FIRST);
    memory.putRevision(REPO, MAIN, now(SECOND));
    assertThat(branches.showUnlessLoading(proof, MAIN, late)).isFalse();
    assertThat(visible()).isEqualTo(SECOND);
    assertThat(memory.revision(proof, MAIN, CommitRole.SERVABLE)).isEmpty();
  }

  /** After a restart, no move is pending in memory. */
  @Test
  void a_late_confirmation_does_not_forget_what_was_named_since() {
    Observation<CommitHash> late = now(FIRST);
    Observation<CommitHash> named = now(SECOND);
    memory.putRevision(REPO, MAIN, new Observation<>(FIRST, named.learnedAt()));
    memory.putRevision(REPO, MAIN, CommitRole.NEWEST, named);
    assertThat(confirmed(late)).isTrue();
    assertThat(memory.revision(proof, MAIN, CommitRole.NEWEST)).contains(named);
  }

  @Test
  void a_late_answer_is_no_news() {
    Observation<CommitHash> late = now(FIRST);
    Observation<CommitHash> visible = now(SECOND);
    assertThat(branches.words().isNews(visible, late)).isFalse();
    assertThat(branches.words().isNews(visible, now(THIRD))).isTrue();
  }

  /** The branch moves on while the files of a commit are fetched. */
  @Test
  void a_commit_becomes_visible_although_the_one_before_was_confirmed_since() {
    memory.putRevision(REPO, MAIN, now(FIRST));
    moved(SECOND);
    moved(THIRD);
    warmAndShow();
    assertThat(visible()).isEqualTo(SECOND);
  }
}
