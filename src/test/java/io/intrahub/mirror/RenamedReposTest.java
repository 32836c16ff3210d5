package io.intrahub.mirror;

import static io.intrahub.access.TestGrants.everybody;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.EventOrder;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoFacts;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.RepoStore;
import io.intrahub.store.memory.MemoryStore;
import io.intrahub.testing.SettableClock;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is stored of a repo is handed over to its new name if it is the same repo. */
class RenamedReposTest {
  private static final RepoId OLD = new RepoId(RepoType.MODEL, "acme/old");
  private static final RepoId NEW = new RepoId(RepoType.MODEL, "acme/new");
  private static final CommitHash COMMIT = new CommitHash("1".repeat(40));

  private final SettableClock clock = new SettableClock();
  private final RepoStore store = new MemoryStore(clock).repos();
  private final RepoReplacements replacements = new RepoReplacements(store);
  private final RepoIdentity identity =
      new RepoIdentity(
          new AccessChecker(store, new EventOrder(clock), clock, AccessChecker.Settings.DEFAULT),
          store,
          replacements,
          clock);

  @BeforeEach
  void fill() {
    identity.learn(OLD, OLD, facts(OLD, "first"));
    store.putRevision(OLD, Revision.MAIN, new Observation<>(COMMIT, clock.instant()));
  }

  private static RepoFacts facts(RepoId repo, String id) {
    return new RepoFacts(
        repo.id(), Optional.of(id), Optional.empty(), RepoFacts.Told.NO, RepoFacts.Told.NO);
  }

  private boolean isStored(RepoId repo) {
    return store.revision(everybody(repo), Revision.MAIN).isPresent();
  }

  @Test
  void the_same_repo_is_stored_under_both_names() {
    identity.learn(OLD, NEW, facts(NEW, "first"));
    assertThat(isStored(OLD)).isTrue();
    assertThat(isStored(NEW)).isTrue();
    assertThat(store.internalId(NEW)).contains("first");
  }

  @Test
  void another_repo_takes_over_nothing() {
    identity.learn(OLD, NEW, facts(NEW, "second"));
    assertThat(isStored(NEW)).isFalse();
    assertThat(isStored(OLD)).isTrue();
  }

  @Test
  void what_was_stored_of_another_repo_under_the_new_name_is_forgotten_first() {
    identity.learn(NEW, NEW, facts(NEW, "second"));
    Revision tag = new Revision("v1");
    store.putRevision(NEW, tag, new Observation<>(COMMIT, clock.instant()));
    identity.learn(OLD, NEW, facts(NEW, "first"));
    assertThat(store.revision(everybody(NEW), tag)).isEmpty();
    assertThat(isStored(NEW)).isTrue();
  }

  /** Whoever may read the repo that has the new name need not be allowed to read this one. */
  @Test
  void a_repo_that_gets_the_old_name_meanwhile_is_not_handed_over() {
    CommitHash secret = new CommitHash("2".repeat(40));
    Thread late = new Thread(() -> identity.learn(OLD, NEW, facts(NEW, "first")));
    replacements.exclusively(
        NEW,
        () -> {
          late.start();
          await().until(() -> late.getState() == Thread.State.WAITING);
          identity.learn(OLD, OLD, facts(OLD, "second"));
          store.putRevision(OLD, Revision.MAIN, new Observation<>(secret, clock.instant()));
          return NEW;
        });
    await().until(() -> !late.isAlive());
    assertThat(isStored(NEW)).isFalse();
    assertThat(store.internalId(NEW)).contains("first");
    assertThat(store.internalId(OLD)).contains("second");
    assertThat(isStored(OLD)).isTrue();
  }

  /** As after a process that was killed when it had copied something. */
  @Test
  void a_copy_that_did_not_end_is_repeated() throws Exception {
    store.markImported(NEW, clock.instant());
    identity.learn(OLD, NEW, facts(NEW, "first"));
    assertThat(isStored(NEW)).isTrue();
    assertThat(store.internalId(NEW)).contains("first");
  }

  @Test
  void a_copy_that_did_not_end_is_not_shown_of_another_repo() {
    assertThat(new RenamedRepos(store, clock).copy(OLD, NEW, false)).isTrue();
    assertThat(isStored(NEW)).isTrue();
    identity.learn(NEW, NEW, facts(NEW, "second"));
    assertThat(isStored(NEW)).isFalse();
  }

  @Test
  void what_is_left_under_the_old_name_is_not_shown_of_another_repo() {
    identity.learn(OLD, NEW, facts(NEW, "first"));
    identity.learn(OLD, OLD, facts(OLD, "second"));
    assertThat(isStored(OLD)).isFalse();
    assertThat(isStored(NEW)).isTrue();
  }

  @Test
  void a_repo_that_gets_its_old_name_back_is_the_same() {
    identity.learn(OLD, NEW, facts(NEW, "first"));
    Revision tag = new Revision("v1");
    store.putRevision(NEW, tag, new Observation<>(COMMIT, clock.instant()));
    identity.learn(NEW, OLD, facts(OLD, "first"));
    assertThat(isStored(OLD)).isTrue();
    assertThat(store.revision(everybody(OLD), tag)).isPresent();
    assertThat(store.internalId(OLD)).contains("first");
  }
}
