package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.BranchMove.Readiness;
import io.intrahub.policy.Observation;
import io.intrahub.testing.SettableClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many threads ask for, move and settle two revisions, over a store that fails now and then. */
@Timeout(60)
class PendingCommitsRaceTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/x");
  private static final int THREADS = 6;
  private static final int STEPS = 3_000;

  private final SettableClock clock = new SettableClock();
  private final AtomicInteger commits = new AtomicInteger();
  private final PendingCommits pending =
      new PendingCommits(clock, Duration.ofSeconds(5), Duration.ofSeconds(60), 1L << 20);

  /** What must be pending of one revision, from the calls to its store. */
  private final class Model {
    private final Revision revision;
    private final AtomicBoolean busy = new AtomicBoolean();

    // For the thread that has set busy.
    private Optional<CommitHash> shown = Optional.empty();
    private Optional<CommitHash> waiting = Optional.empty();
    private final Set<CommitHash> shownWhenDue = new HashSet<>();

    Model(Revision revision) {
      this.revision = revision;
    }

    /** A call to the store, which fails before it has done anything, if at all. */
    private void call(boolean fails, Runnable work) {
      assertThat(busy.compareAndSet(false, true)).as("one call at a time").isTrue();
      try {
        Thread.yield();
        if (fails) {
          throw new StoreFault();
        }
        work.run();
      } finally {
        busy.set(false);
      }
    }

    void show(Observation<CommitHash> due, boolean fails) {
      call(
          fails,
          () -> {
            assertThat(waiting).as("the newest, and not shown before").contains(due.value());
            assertThat(shownWhenDue.add(due.value())).isTrue();
            waiting = Optional.empty();
            shown = Optional.of(due.value());
          });
    }

    void move(boolean known, boolean fails) {
      CommitHash to = new CommitHash("%040x".formatted(commits.incrementAndGet()));
      pending.revisionMoved(
          REPO,
          revision,
          new Observation<>(to, clock.instant()),
          known ? Readiness.COMPLETE : Readiness.UNLISTED,
          () -> {
            call(fails, () -> waiting = Optional.of(to));
            return true;
          });
    }

    void settle(boolean fails) {
      CommitHash to = new CommitHash("%040x".formatted(commits.incrementAndGet()));
      pending.clear(
          REPO,
          revision,
          () ->
              call(
                  fails,
                  () -> {
                    shown = Optional.of(to);
                    waiting = Optional.empty();
                  }));
    }

    void step(Random random) {
      boolean fails = random.nextInt(10) == 0;
      switch (random.nextInt(10)) {
        case 0, 1 -> move(random.nextBoolean(), fails);
        case 2 -> settle(fails);
        case 3 -> pending.oldCommitServed(REPO, revision);
        case 4 ->
            pending.showIfUnseen(REPO, revision, clock.instant(), due -> show(due.to(), fails));
        case 5 -> clock.pass(Duration.ofMillis(random.nextInt(8_000)));
        default -> pending.requested(REPO, revision, true, due -> show(due.to(), fails));
      }
    }
  }

  /** It belongs to the repo that had the name before. */
  @Test
  void a_commit_that_is_being_noted_while_its_repo_is_forgotten_is_forgotten_too()
      throws Exception {
    Revision revision = new Revision("main");
    CountDownLatch noting = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Observation<CommitHash> to = new Observation<>(new CommitHash("1".repeat(40)), clock.instant());
    Thread moving =
        Thread.ofVirtual()
            .start(() ->
                pending.revisionMoved(
                    REPO,
                    revision,
                    to,
                    Readiness.COMPLETE,
                    () -> {
                      noting.countDown();
                      try {
                        goOn.await();
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                      }
                      return true;
                    }));
    noting.await();
    Thread forgetting = Thread.ofVirtual().start(() -> pending.forget(REPO));
    await().until(() -> !forgetting.isAlive() || forgetting.getState() == Thread.State.WAITING);
    goOn.countDown();
    moving.join();
    forgetting.join();
    assertThat(pending.pending(REPO, revision)).isEmpty();
  }

  /** What a store throws that has a fault. */
  private static final class StoreFault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    @Override
    public synchronized Throwable fillInStackTrace() {
      return this;
    }
  }

  @Tag("slow")
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void a_due_commit_is_shown_once_and_the_last_one_is_never_lost(long seed) throws Exception {
    List<Model> models = List.of(new Model(new Revision("Aa")), new Model(new Revision("BB")));
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      List<Future<?>> all = new ArrayList<>();
      for (int t = 0; t < THREADS; t++) {
        Random random = new Random(100 * seed + t);
        all.add(
            threads.submit(() -> {
              for (int i = 0; i < STEPS; i++) {
                try {
                  models.get(random.nextInt(2)).step(random);
                } catch (StoreFault e) {
                  // What it was about must not be lost.
                }
              }
            }));
      }
      for (Future<?> one : all) {
        one.get(50, TimeUnit.SECONDS);
      }
    }
    for (Model model : models) {
      assertThat(model.shownWhenDue).as("some were shown").hasSizeGreaterThan(10);
      Optional<CommitHash> last = model.waiting;
      clock.pass(Duration.ofSeconds(60));
      pending.requested(REPO, model.revision, true, due -> model.show(due.to(), false));
      assertThat(model.waiting).isEmpty();
      last.ifPresent(commit -> assertThat(model.shown).contains(commit));
    }
  }
}
