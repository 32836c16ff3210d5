package io.intrahub.store;

import static io.intrahub.access.TestGrants.everybody;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.Authority;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadScope;
import io.intrahub.access.TestGrants;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.RepoStore.ObservedRevision;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every store promises about repos. A store that survives is opened anew between. */
public abstract class RepoStoreContract extends ManifestContract {
  private static <T> Observation<T> seen(T value, long secondsAgo) {
    return new Observation<>(value, NOW.minusSeconds(secondsAgo));
  }

  @Test
  void revisions_keep_their_youngest_observation() throws Exception {
    Revision main = new Revision("main");
    assertThat(repos.revision(everybody(REPO), main)).isEmpty();

    repos.putRevision(REPO, main, seen(FIRST, 20));
    assertThat(repos.revision(everybody(REPO), main)).hasValue(seen(FIRST, 20));
    repos.putRevision(REPO, main, seen(SECOND, 30));
    assertThat(repos.revision(everybody(REPO), main)).hasValue(seen(FIRST, 20));
    repos.putRevision(REPO, main, seen(SECOND, 20));
    assertThat(repos.revision(everybody(REPO), main)).hasValue(seen(SECOND, 20));

    reopen();
    repos.putRevision(REPO, main, seen(FIRST, 21));
    assertThat(repos.revision(everybody(REPO), main)).hasValue(seen(SECOND, 20));
  }

  @Test
  void an_observation_from_the_future_gives_way() {
    Revision main = new Revision("main");
    repos.putRevision(REPO, main, seen(FIRST, -1000));
    repos.putRevision(REPO, main, seen(SECOND, 5));
    assertThat(repos.revision(everybody(REPO), main)).hasValue(seen(SECOND, 5));
  }

  @Test
  void an_observation_from_the_future_gives_way_after_it_was_read_too() {
    Revision main = new Revision("main");
    repos.putRevision(REPO, main, seen(FIRST, -1000));
    assertThat(repos.revision(everybody(REPO), main)).hasValue(seen(FIRST, -1000));
    repos.putRevision(REPO, main, seen(SECOND, 5));
    assertThat(repos.revision(everybody(REPO), main)).hasValue(seen(SECOND, 5));
    repos.putRevision(REPO, main, seen(FIRST, 6));
    assertThat(repos.revision(everybody(REPO), main)).hasValue(seen(SECOND, 5));
  }

  @Test
  void a_forgotten_revision_can_be_observed_again() throws Exception {
    Revision main = new Revision("main");
    repos.putRevision(REPO, main, seen(FIRST, 10));
    assertThat(repos.revision(everybody(REPO), main)).isPresent();
    repos.forgetRevision(REPO, main);
    assertThat(repos.revision(everybody(REPO), main)).isEmpty();
    reopen();
    assertThat(repos.revision(everybody(REPO), main)).isEmpty();
    repos.putRevision(REPO, main, seen(SECOND, 20));
    assertThat(repos.revision(everybody(REPO), main)).hasValue(seen(SECOND, 20));
  }

  @Test
  void commits_with_a_role_are_kept_beside_the_one_that_clients_see() throws Exception {
    Revision main = new Revision("main");
    repos.putRevision(REPO, main, seen(FIRST, 10));
    repos.putRevision(REPO, main, CommitRole.NEWEST, seen(SECOND, 20));
    repos.putRevision(REPO, Revision.DEFAULT, CommitRole.SERVABLE, seen(FIRST, 5));
    reopen();
    assertThat(repos.revision(everybody(REPO), main)).hasValue(seen(FIRST, 10));
    assertThat(repos.revision(everybody(REPO), main, CommitRole.NEWEST)).hasValue(seen(SECOND, 20));
    assertThat(repos.revision(everybody(REPO), main, CommitRole.SERVABLE)).isEmpty();
    assertThat(repos.revision(everybody(REPO), Revision.DEFAULT, CommitRole.SERVABLE))
        .hasValue(seen(FIRST, 5));
    assertThat(repos.revision(everybody(REPO), Revision.DEFAULT)).isEmpty();
    assertThat(repos.revisions(everybody(REPO))).hasSize(1);

    repos.putRevision(REPO, main, CommitRole.NEWEST, seen(FIRST, 21));
    assertThat(repos.revision(everybody(REPO), main, CommitRole.NEWEST)).hasValue(seen(SECOND, 20));
    repos.forgetRevision(REPO, Revision.DEFAULT, CommitRole.SERVABLE);
    assertThat(repos.revision(everybody(REPO), Revision.DEFAULT, CommitRole.SERVABLE)).isEmpty();
    repos.forgetRevision(REPO, main);
    assertThat(repos.revision(everybody(REPO), main, CommitRole.NEWEST)).isEmpty();
    reopen();
    assertThat(repos.revision(everybody(REPO), main, CommitRole.NEWEST)).isEmpty();
    assertThat(repos.revision(everybody(REPO), Revision.DEFAULT, CommitRole.SERVABLE)).isEmpty();
  }

  @Test
  void the_default_branch_is_nobody_elses() throws Exception {
    repos.putRevision(REPO, Revision.DEFAULT, seen(FIRST, 1));
    repos.putRevision(REPO, new Revision("main"), seen(SECOND, 1));
    repos.putRevision(REPO, new Revision("@default"), seen(SECOND, 2));
    reopen();
    assertThat(repos.revision(everybody(REPO), Revision.DEFAULT)).hasValue(seen(FIRST, 1));
    assertThat(repos.revision(everybody(REPO), new Revision("main"))).hasValue(seen(SECOND, 1));
    assertThat(repos.revision(everybody(REPO), new Revision("head"))).isEmpty();
    assertThat(repos.revision(everybody(OTHER), Revision.DEFAULT)).isEmpty();
  }

  @Test
  void any_revision_name_is_kept_apart_from_all_others() throws Exception {
    List<ObservedRevision> all = new ArrayList<>();
    int i = 0;
    for (String name :
        List.of(
            "HEAD",
            "main",
            "Main",
            "MAIN",
            "refs/pr/1",
            "refs%2Fpr%2F1",
            "refs/convert/parquet",
            "a/b",
            "a%b",
            "%",
            "%25",
            "@",
            "v1.0",
            "naïve",
            "分支",
            "a".repeat(250),
            "a".repeat(249) + "b",
            "é".repeat(120),
            "é".repeat(119) + "è",
            FIRST.hex())) {
      CommitHash commit = new CommitHash("%040x".formatted(++i));
      all.add(new ObservedRevision(new Revision(name), seen(commit, i)));
    }
    all.forEach(o -> repos.putRevision(REPO, o.revision(), o.commit()));
    for (int round = 0; round < 2; round++) {
      for (ObservedRevision one : all) {
        assertThat(repos.revision(everybody(REPO), one.revision()))
            .as(one.revision().value())
            .hasValue(one.commit());
      }
      assertThat(repos.revisions(everybody(REPO))).containsExactlyInAnyOrderElementsOf(all);
      assertThat(repos.revisions(everybody(OTHER))).isEmpty();
      reopen();
    }
  }

  @Test
  void answers_have_any_name_and_any_bytes() throws Exception {
    List<String> names =
        List.of(
            "",
            "manifest",
            "info?blobs=true",
            "info?expand[]=a&expand[]=b",
            "../../etc/passwd",
            ".",
            "..",
            "a\nb=c\0",
            "%",
            "Ü".repeat(1000),
            "Ü".repeat(999) + "ü",
            "x".repeat(5000));
    for (int i = 0; i < names.size(); i++) {
      byte[] bytes = TestBlobs.bytes(i, i * 1000);
      repos.putAnswer(REPO, FIRST, names.get(i), seen(bytes, i));
    }
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < names.size(); i++) {
        Observation<byte[]> answer =
            TestRepos.answer(repos, everybody(REPO), FIRST, names.get(i)).orElseThrow();
        assertThat(answer.value()).isEqualTo(TestBlobs.bytes(i, i * 1000));
        assertThat(answer.learnedAt()).isEqualTo(NOW.minusSeconds(i));
      }
      reopen();
    }
    assertThat(repos.answer(everybody(REPO), SECOND, "")).isEmpty();
    assertThat(repos.answer(everybody(OTHER), FIRST, "")).isEmpty();
    assertThat(repos.answer(everybody(REPO), FIRST, "info")).isEmpty();
  }

  @Test
  void a_younger_answer_replaces_an_older_one() throws Exception {
    byte[] old = "old".getBytes(StandardCharsets.UTF_8);
    byte[] young = "young".getBytes(StandardCharsets.UTF_8);
    byte[] large = TestBlobs.bytes(1, 3_000_000);
    repos.putAnswer(REPO, FIRST, "info", seen(old, 10));
    repos.putAnswer(REPO, FIRST, "info", seen(young, 5));
    repos.putAnswer(REPO, FIRST, "info", seen(old, 7));
    assertThat(TestRepos.answer(repos, everybody(REPO), FIRST, "info").orElseThrow().value())
        .isEqualTo(young);
    repos.putAnswer(REPO, FIRST, "info", seen(large, 4));
    assertThat(TestRepos.answer(repos, everybody(REPO), FIRST, "info").orElseThrow().value())
        .isEqualTo(large);
    reopen();
    assertThat(TestRepos.answer(repos, everybody(REPO), FIRST, "info").orElseThrow().value())
        .isEqualTo(large);
  }

  private AnswerWriter answerWriter(String name, MemoryBudget budget) {
    return repos.newAnswer(REPO, FIRST, name, budget.reservation("test"));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1000, StoredAnswer.SMALL, StoredAnswer.SMALL + 1, 3_000_000})
  void an_answer_written_as_a_stream_is_read_as_one(int length) throws Exception {
    byte[] bytes = TestBlobs.bytes(length, length);
    // The second budget has nothing to give: memory is a favour, not a need.
    for (MemoryBudget budget :
        List.of(TestRepos.budget(), new MemoryBudget(1, Duration.ofMillis(0)))) {
      String name = "info?" + budget.usage().total();
      try (AnswerWriter writer = answerWriter(name, budget)) {
        for (int at = 0; at < length; at += 70_001) {
          writer.write(bytes, at, Math.min(70_001, length - at));
        }
        StoredAnswer kept = writer.commit(NOW.minusSeconds(3));
        assertThat(kept.length()).isEqualTo(length);
        assertThat(kept.learnedAt()).isEqualTo(NOW.minusSeconds(3));
      }
    }
    for (int round = 0; round < 2; round++) {
      for (String name : List.of("info?1", "info?" + TestRepos.budget().usage().total())) {
        StoredAnswer answer = repos.answer(everybody(REPO), FIRST, name).orElseThrow();
        assertThat(answer.length()).isEqualTo(length);
        assertThat(answer.learnedAt()).isEqualTo(NOW.minusSeconds(3));
        answer.small().ifPresent(small -> assertThat(small).isEqualTo(bytes));
        assertThat(answer.small().isPresent()).isIn(false, length <= StoredAnswer.SMALL);
        for (int reader = 0; reader < 2; reader++) {
          try (InputStream in = answer.open()) {
            assertThat(in.readAllBytes()).isEqualTo(bytes);
          }
        }
      }
      reopen();
    }
  }

  @Test
  void an_answer_that_is_not_committed_is_not_kept() throws Exception {
    for (int length : List.of(100, 1_000_000)) {
      try (AnswerWriter writer = answerWriter("info", TestRepos.budget())) {
        writer.write(new byte[length]);
        assertThat(repos.answer(everybody(REPO), FIRST, "info")).isEmpty();
      }
      assertThat(repos.answer(everybody(REPO), FIRST, "info")).isEmpty();
    }
  }

  @Test
  void an_older_answer_written_as_a_stream_gives_way_to_a_younger_one() throws Exception {
    byte[] young = TestBlobs.bytes(1, 300_000);
    repos.putAnswer(REPO, FIRST, "info", seen(young, 5));
    for (int length : List.of(100, 400_000)) {
      try (AnswerWriter writer = answerWriter("info", TestRepos.budget())) {
        writer.write(new byte[length]);
        assertThat(writer.commit(NOW.minusSeconds(6)).length()).isEqualTo(young.length);
      }
      assertThat(TestRepos.answer(repos, everybody(REPO), FIRST, "info").orElseThrow().value())
          .isEqualTo(young);
    }
    try (AnswerWriter writer = answerWriter("info", TestRepos.budget())) {
      writer.write(new byte[300_001]);
      assertThat(writer.commit(NOW.minusSeconds(4)).length()).isEqualTo(300_001);
    }
    reopen();
    assertThat(repos.answer(everybody(REPO), FIRST, "info").orElseThrow().length())
        .isEqualTo(300_001);
  }

  @Test
  void aliases_are_kept_apart_by_case_and_type() throws Exception {
    RepoId old = new RepoId(RepoType.MODEL, "gpt2");
    RepoId upper = new RepoId(RepoType.MODEL, "GPT2");
    RepoId canonical = new RepoId(RepoType.MODEL, "openai-community/gpt2");
    repos.putAlias(old, seen(canonical, 10));
    repos.putAlias(upper, seen(old, 9));
    reopen();
    assertThat(repos.alias(old)).hasValue(seen(canonical, 10));
    assertThat(repos.alias(upper)).hasValue(seen(old, 9));
    assertThat(repos.alias(canonical)).isEmpty();
    assertThat(repos.alias(new RepoId(RepoType.SPACE, "acme/gpt2"))).isEmpty();
  }

  @Test
  void a_public_verdict_is_remembered_and_forgotten() throws Exception {
    Instant at = NOW.minusMillis(123_456);
    assertThat(repos.confirmedAt(TestGrants.open(REPO))).isEmpty();
    repos.remember(TestGrants.open(REPO), at);
    assertThat(repos.confirmedAt(TestGrants.open(OTHER))).isEmpty();
    reopen();
    assertThat(repos.confirmedAt(TestGrants.open(REPO))).hasValue(at);
    repos.forget(TestGrants.open(REPO));
    assertThat(repos.confirmedAt(TestGrants.open(REPO))).isEmpty();
    reopen();
    assertThat(repos.confirmedAt(TestGrants.open(REPO))).isEmpty();
    repos.forget(TestGrants.open(REPO));
    repos.remember(TestGrants.open(REPO), at);
    assertThat(repos.confirmedAt(TestGrants.open(REPO))).hasValue(at);
  }

  private static final Authority.TokenHolder ALICE = new Authority.TokenHolder("a1".repeat(32));
  private static final Authority.TokenHolder BOB = new Authority.TokenHolder("b2".repeat(32));

  private static Grant grant(RepoId repo, Authority authority, ReadScope scope) {
    return new Grant(repo, authority, scope);
  }

  @Test
  void grants_differ_by_repo_and_authority_and_scope() throws Exception {
    List<Grant> grants = new ArrayList<>();
    for (RepoId repo : List.of(REPO, OTHER)) {
      for (Authority authority : List.of(ALICE, BOB, new Authority.Anonymous())) {
        for (ReadScope scope : ReadScope.values()) {
          grants.add(grant(repo, authority, scope));
        }
      }
    }
    for (int i = 0; i < grants.size(); i++) {
      assertThat(repos.confirmedAt(grants.get(i))).isEmpty();
      repos.remember(grants.get(i), NOW.minusSeconds(i));
    }
    repos.forget(grants.get(3));
    reopen();
    for (int i = 0; i < grants.size(); i++) {
      Optional<Instant> kept = i == 3 ? Optional.empty() : Optional.of(NOW.minusSeconds(i));
      assertThat(repos.confirmedAt(grants.get(i))).as(grants.get(i).toString()).isEqualTo(kept);
    }
  }

  @Test
  void all_grants_of_one_authority_can_be_forgotten() throws Exception {
    for (RepoId repo : List.of(REPO, OTHER)) {
      repos.remember(grant(repo, ALICE, ReadScope.CONTENT), NOW);
      repos.remember(grant(repo, BOB, ReadScope.CONTENT), NOW);
    }
    assertThat(repos.confirmedAt(grant(REPO, ALICE, ReadScope.CONTENT))).hasValue(NOW);
    repos.forgetAll(ALICE);
    for (int open = 0; open < 2; open++) {
      for (RepoId repo : List.of(REPO, OTHER)) {
        assertThat(repos.confirmedAt(grant(repo, ALICE, ReadScope.CONTENT))).isEmpty();
        assertThat(repos.confirmedAt(grant(repo, BOB, ReadScope.CONTENT))).hasValue(NOW);
      }
      reopen();
    }
    repos.forgetAll(new Authority.TokenHolder("c3".repeat(32)));
  }

  @Test
  void a_repo_can_be_forgotten_with_all_that_is_known_of_it() throws Exception {
    assertThat(repos.internalId(REPO)).isEmpty();
    for (RepoId repo : List.of(REPO, OTHER)) {
      repos.putInternalId(repo, new Observation<>("one", NOW));
      repos.putRevision(repo, new Revision("main"), seen(FIRST, 10));
      repos.putAnswer(repo, FIRST, "info", new Observation<>(new byte[] {1}, NOW));
      repos.remember(TestGrants.open(repo), NOW);
      repos.remember(grant(repo, ALICE, ReadScope.CONTENT), NOW);
      assertThat(repos.revision(everybody(repo), new Revision("main"))).isPresent();
    }
    repos.forgetRepo(REPO);
    for (int open = 0; open < 2; open++) {
      assertThat(repos.internalId(REPO)).isEmpty();
      assertThat(repos.revision(everybody(REPO), new Revision("main"))).isEmpty();
      assertThat(repos.answer(everybody(REPO), FIRST, "info")).isEmpty();
      assertThat(repos.confirmedAt(TestGrants.open(REPO))).isEmpty();
      assertThat(repos.confirmedAt(grant(REPO, ALICE, ReadScope.CONTENT))).isEmpty();
      assertThat(repos.internalId(OTHER)).contains("one");
      assertThat(repos.revision(everybody(OTHER), new Revision("main"))).isPresent();
      assertThat(repos.answer(everybody(OTHER), FIRST, "info")).isPresent();
      assertThat(repos.confirmedAt(grant(OTHER, ALICE, ReadScope.CONTENT))).hasValue(NOW);
      reopen();
    }
    repos.putInternalId(REPO, new Observation<>("two", NOW));
    assertThat(repos.internalId(REPO)).contains("two");
  }

  @Test
  void the_mark_of_an_import_replaces_any_internal_id_for_good() throws Exception {
    repos.putInternalId(REPO, new Observation<>("one", NOW.plusSeconds(60)));
    repos.markImported(REPO, NOW);
    for (int open = 0; open < 2; open++) {
      assertThat(repos.internalId(REPO)).contains(RepoStore.IMPORTED);
      reopen();
    }
    repos.putInternalId(REPO, new Observation<>("two", NOW.plusSeconds(120)));
    assertThat(repos.internalId(REPO)).contains("two");
  }

  @Test
  void a_repo_can_be_removed_with_all_that_is_known_of_it() throws Exception {
    Observation<Tombstone> missing =
        new Observation<>(new Tombstone(Tombstone.Kind.MISSING, true, ""), NOW);
    RepoId oldName = new RepoId(RepoType.MODEL, "acme/old-name");
    RepoId otherName = new RepoId(RepoType.MODEL, "acme/other-name");
    for (RepoId repo : List.of(REPO, OTHER)) {
      repos.putInternalId(repo, new Observation<>("one", NOW));
      repos.putRevision(repo, new Revision("main"), seen(FIRST, 10));
      repos.putAnswer(repo, FIRST, "info", new Observation<>(new byte[] {1}, NOW));
      repos.remember(TestGrants.open(repo), NOW);
      repos.remember(grant(repo, ALICE, ReadScope.CONTENT), NOW);
      repos.putTombstone(repo, missing);
    }
    repos.putAlias(oldName, new Observation<>(REPO, NOW));
    repos.putAlias(otherName, new Observation<>(OTHER, NOW));

    repos.removeRepo(REPO);

    for (int open = 0; open < 2; open++) {
      assertThat(repos.internalId(REPO)).isEmpty();
      assertThat(repos.revision(everybody(REPO), new Revision("main"))).isEmpty();
      assertThat(repos.answer(everybody(REPO), FIRST, "info")).isEmpty();
      assertThat(repos.confirmedAt(TestGrants.open(REPO))).isEmpty();
      assertThat(repos.confirmedAt(grant(REPO, ALICE, ReadScope.CONTENT))).isEmpty();
      assertThat(repos.alias(oldName)).isEmpty();
      assertThat(repos.tombstones()).containsOnlyKeys(OTHER);
      assertThat(repos.internalId(OTHER)).contains("one");
      assertThat(repos.alias(otherName)).isPresent();
      assertThat(repos.confirmedAt(grant(OTHER, ALICE, ReadScope.CONTENT))).hasValue(NOW);
      assertThat(repos.answer(everybody(OTHER), FIRST, "info")).isPresent();
      reopen();
    }
  }

  @Test
  void revisions_and_commits_can_be_removed() throws Exception {
    repos.remember(TestGrants.open(REPO), NOW);
    repos.putRevision(REPO, new Revision("v1"), seen(FIRST, 10));
    repos.putRevision(REPO, new Revision("main"), seen(SECOND, 10));
    for (CommitHash commit : List.of(FIRST, SECOND)) {
      repos.putAnswer(REPO, commit, "info", new Observation<>(new byte[] {1}, NOW));
    }

    repos.removeCommits(REPO, List.of(new Revision("v1")), List.of(FIRST));

    for (int open = 0; open < 2; open++) {
      assertThat(repos.revision(everybody(REPO), new Revision("v1"))).isEmpty();
      assertThat(repos.answer(everybody(REPO), FIRST, "info")).isEmpty();
      assertThat(repos.revision(everybody(REPO), new Revision("main"))).isPresent();
      assertThat(repos.answer(everybody(REPO), SECOND, "info")).isPresent();
      assertThat(repos.confirmedAt(TestGrants.open(REPO))).isPresent();
      reopen();
    }
  }

  @Test
  void tombstones_stay_until_they_are_forgotten() throws Exception {
    Observation<Tombstone> missing =
        new Observation<>(
            new Tombstone(Tombstone.Kind.MISSING, true, "Repository not found: \u00e9\n=%"), NOW);
    Observation<Tombstone> disabled =
        new Observation<>(new Tombstone(Tombstone.Kind.DISABLED, false, ""), NOW);
    repos.putTombstone(REPO, missing);
    repos.putTombstone(OTHER, disabled);
    reopen();
    assertThat(repos.tombstones())
        .containsOnly(Map.entry(REPO, missing), Map.entry(OTHER, disabled));

    Observation<Tombstone> closed = new Observation<>(missing.value().closed(), NOW.plusSeconds(1));
    repos.putTombstone(REPO, closed);
    repos.forgetTombstone(OTHER);
    reopen();
    assertThat(repos.tombstones()).containsOnly(Map.entry(REPO, closed));
  }

  @Test
  void aliases_keep_their_youngest_observation() throws Exception {
    RepoId old = new RepoId(RepoType.MODEL, "gpt2");
    repos.putAlias(old, seen(REPO, -1000));
    assertThat(repos.alias(old)).hasValue(seen(REPO, -1000));
    repos.putAlias(old, seen(OTHER, 10));
    assertThat(repos.alias(old)).hasValue(seen(OTHER, 10));
    repos.putAlias(old, seen(REPO, 20));
    assertThat(repos.alias(old)).hasValue(seen(OTHER, 10));
    reopen();
    assertThat(repos.alias(old)).hasValue(seen(OTHER, 10));
  }

  @Test
  void the_youngest_public_verdict_counts() throws Exception {
    assertThat(repos.confirmedAt(TestGrants.open(REPO))).isEmpty();
    repos.remember(TestGrants.open(REPO), NOW.plusSeconds(1000));
    repos.remember(TestGrants.open(REPO), NOW.minusSeconds(100));
    assertThat(repos.confirmedAt(TestGrants.open(REPO))).hasValue(NOW.minusSeconds(100));
    repos.remember(TestGrants.open(REPO), NOW.minusSeconds(200));
    assertThat(repos.confirmedAt(TestGrants.open(REPO))).hasValue(NOW.minusSeconds(100));
    reopen();
    assertThat(repos.confirmedAt(TestGrants.open(REPO))).hasValue(NOW.minusSeconds(100));
  }
}
