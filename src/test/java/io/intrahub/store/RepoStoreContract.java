package io.intrahub.store;

import static io.intrahub.access.TestGrants.everybody;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.RepoStore.ObservedRevision;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every store promises about repos. A store that survives is opened anew between. */
public abstract class RepoStoreContract extends PartialBlobContract {
  private static final CommitHash FIRST = new CommitHash("1".repeat(40));
  private static final CommitHash SECOND = new CommitHash("2".repeat(40));

  private void reopen() throws Exception {
    store.close();
    store = open(Clock.fixed(NOW, ZoneOffset.UTC));
  }

  private static <T> Observation<T> seen(T value, long secondsAgo) {
    return new Observation<>(value, NOW.minusSeconds(secondsAgo));
  }

  @Test
  void revisions_keep_their_youngest_observation() throws Exception {
    RepoStore repos = store.repos();
    Revision main = new Revision("main");
    assertThat(repos.revision(everybody(REPO), main)).isEmpty();

    repos.putRevision(REPO, main, seen(FIRST, 20));
    assertThat(repos.revision(everybody(REPO), main)).hasValue(seen(FIRST, 20));
    repos.putRevision(REPO, main, seen(SECOND, 30));
    assertThat(repos.revision(everybody(REPO), main)).hasValue(seen(FIRST, 20));
    repos.putRevision(REPO, main, seen(SECOND, 20));
    assertThat(repos.revision(everybody(REPO), main)).hasValue(seen(SECOND, 20));

    reopen();
    store.repos().putRevision(REPO, main, seen(FIRST, 21));
    assertThat(store.repos().revision(everybody(REPO), main)).hasValue(seen(SECOND, 20));
  }

  @Test
  void an_observation_from_the_future_gives_way() {
    Revision main = new Revision("main");
    store.repos().putRevision(REPO, main, seen(FIRST, -1000));
    store.repos().putRevision(REPO, main, seen(SECOND, 5));
    assertThat(store.repos().revision(everybody(REPO), main)).hasValue(seen(SECOND, 5));
  }

  @Test
  void the_default_branch_is_nobody_elses() throws Exception {
    store.repos().putRevision(REPO, Revision.DEFAULT, seen(FIRST, 1));
    store.repos().putRevision(REPO, new Revision("main"), seen(SECOND, 1));
    store.repos().putRevision(REPO, new Revision("@default"), seen(SECOND, 2));
    reopen();
    assertThat(store.repos().revision(everybody(REPO), Revision.DEFAULT)).hasValue(seen(FIRST, 1));
    assertThat(store.repos().revision(everybody(REPO), new Revision("main")))
        .hasValue(seen(SECOND, 1));
    assertThat(store.repos().revision(everybody(REPO), new Revision("head"))).isEmpty();
    assertThat(store.repos().revision(everybody(OTHER), Revision.DEFAULT)).isEmpty();
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
    all.forEach(o -> store.repos().putRevision(REPO, o.revision(), o.commit()));
    for (int round = 0; round < 2; round++) {
      for (ObservedRevision one : all) {
        assertThat(store.repos().revision(everybody(REPO), one.revision()))
            .as(one.revision().value())
            .hasValue(one.commit());
      }
      assertThat(store.repos().revisions(everybody(REPO))).containsExactlyInAnyOrderElementsOf(all);
      assertThat(store.repos().revisions(everybody(OTHER))).isEmpty();
      reopen();
    }
  }

  private static ManifestEntry file(String path, int number) {
    String oid = "%040x".formatted(number);
    String json = "{\"type\":\"file\",\"path\":\"" + path + "\",\"size\":1.10e2,\"new\":\"ü\"}";
    Optional<Entry.Lfs> lfs =
        number % 3 == 0
            ? Optional.of(
                new Entry.Lfs(new Digest.Sha256("%064x".formatted(number)), 1L << 40, 134))
            : Optional.empty();
    long size = number % 3 == 0 ? 1L << 40 : number;
    return new ManifestEntry(new Entry(Entry.Kind.FILE, new FilePath(path), oid, size, lfs), json);
  }

  private static ManifestEntry folder(String path) {
    return new ManifestEntry(
        new Entry(Entry.Kind.DIRECTORY, new FilePath(path), "f".repeat(40), 0, Optional.empty()),
        "{\"type\":\"directory\"}");
  }

  private Manifest manifest(RepoId repo, CommitHash commit) {
    return store.repos().manifest(everybody(repo), commit).orElseThrow();
  }

  private static List<String> list(Manifest manifest, String directory, boolean recursive)
      throws IOException {
    List<String> paths = new ArrayList<>();
    manifest.list(
        directory.isEmpty() ? Optional.empty() : Optional.of(new FilePath(directory)),
        recursive,
        e -> paths.add(e.entry().path().value()));
    return paths;
  }

  @Test
  void a_manifest_finds_and_lists_what_it_was_given() throws Exception {
    assertThat(store.repos().manifest(everybody(REPO), FIRST)).isEmpty();
    List<ManifestEntry> entries =
        List.of(
            file("z.txt", 1),
            folder("a"),
            file("a/x.bin", 3),
            file("a-b", 4),
            file("a.b", 5),
            folder("a/deep"),
            file("a/deep/one", 6),
            file("a/deep/two", 7),
            file("a0", 8),
            file("\ud83d\ude00.txt", 9),
            file("\uffee.txt", 10));
    TestRepos.putManifest(store.repos(), REPO, FIRST, entries, true);
    reopen();
    Manifest manifest = manifest(REPO, FIRST);
    assertThat(manifest.commit()).isEqualTo(FIRST);
    assertThat(manifest.complete()).isTrue();
    assertThat(manifest.size()).isEqualTo(entries.size());
    for (ManifestEntry entry : entries) {
      assertThat(manifest.find(entry.entry().path())).hasValue(entry);
    }
    for (String absent : List.of("a/deep/o", "a/deep/one2", "A", "0", "zz", "a/d")) {
      assertThat(manifest.find(new FilePath(absent))).as(absent).isEmpty();
    }
    assertThat(list(manifest, "", false))
        .containsExactly("a", "a-b", "a.b", "a0", "z.txt", "\uffee.txt", "\ud83d\ude00.txt");
    assertThat(list(manifest, "", true))
        .containsExactly(
            "a",
            "a-b",
            "a.b",
            "a/deep",
            "a/deep/one",
            "a/deep/two",
            "a/x.bin",
            "a0",
            "z.txt",
            "\uffee.txt",
            "\ud83d\ude00.txt");
    assertThat(list(manifest, "a", false)).containsExactly("a/deep", "a/x.bin");
    assertThat(list(manifest, "a", true))
        .containsExactly("a/deep", "a/deep/one", "a/deep/two", "a/x.bin");
    assertThat(list(manifest, "a/deep", true)).containsExactly("a/deep/one", "a/deep/two");
    assertThat(list(manifest, "z.txt", true)).isEmpty();
    assertThat(list(manifest, "nothing", true)).isEmpty();
    assertThat(store.repos().manifest(everybody(OTHER), FIRST)).isEmpty();
    assertThat(store.repos().manifest(everybody(REPO), SECOND)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void a_large_manifest_answers_as_a_plain_filter_would(long seed) throws Exception {
    Random random = new Random(seed);
    List<ManifestEntry> entries = new ArrayList<>();
    List<String> paths = new ArrayList<>();
    int count = 500 + random.nextInt(1500);
    for (int i = 0; i < count; i++) {
      // Paths of a few letters share many prefixes; numbers keep them apart.
      StringBuilder path = new StringBuilder();
      for (int depth = random.nextInt(4); depth > 0; depth--) {
        path.append("ab-.0".charAt(random.nextInt(5)) == '.' ? "é" : "a").append(random.nextInt(3));
        path.append('/');
      }
      path.append('f').append(i);
      paths.add(path.toString());
      entries.add(file(path.toString(), i));
    }
    Collections.shuffle(entries, random);
    TestRepos.putManifest(store.repos(), REPO, FIRST, entries, true);
    Manifest manifest = manifest(REPO, FIRST);
    assertThat(manifest.size()).isEqualTo(count);
    for (ManifestEntry entry : entries) {
      assertThat(manifest.find(entry.entry().path())).as("seed %d", seed).hasValue(entry);
    }
    List<String> pages = new ArrayList<>();
    Optional<FilePath> after = Optional.empty();
    while (true) {
      List<ManifestEntry> page = new ArrayList<>();
      manifest.list(
          Optional.empty(),
          true,
          after,
          entry -> {
            page.add(entry);
            return page.size() < 101;
          });
      if (page.isEmpty()) {
        break;
      }
      page.forEach(e -> pages.add(e.entry().path().value()));
      after = Optional.of(page.getLast().entry().path());
    }
    assertThat(pages).as("seed %d", seed).isEqualTo(list(manifest, "", true));
    for (String directory : List.of("", "a0", "a1", "a2", "é0", "a0/a1", "a1/é2", "a2/a2/a2")) {
      String prefix = directory.isEmpty() ? "" : directory + "/";
      List<String> below =
          paths.stream()
              .filter(p -> p.startsWith(prefix))
              .sorted((a, b) -> Manifest.ORDER.compare(new FilePath(a), new FilePath(b)))
              .toList();
      assertThat(list(manifest, directory, true)).as("seed %d", seed).isEqualTo(below);
      assertThat(list(manifest, directory, false))
          .as("seed %d", seed)
          .isEqualTo(below.stream().filter(p -> p.indexOf('/', prefix.length()) < 0).toList());
      for (String behind : List.of("a0", "a1/a", "a0/a1/f", "é1/é", "~", "0")) {
        for (boolean recursive : List.of(true, false)) {
          List<String> listed = new ArrayList<>();
          manifest.list(
              directory.isEmpty() ? Optional.empty() : Optional.of(new FilePath(directory)),
              recursive,
              Optional.of(new FilePath(behind)),
              e -> listed.add(e.entry().path().value()));
          assertThat(listed)
              .as("seed %d: %s behind %s", seed, directory, behind)
              .isEqualTo(
                  list(manifest, directory, recursive).stream()
                      .filter(p ->
                          Manifest.ORDER.compare(new FilePath(p), new FilePath(behind)) > 0)
                      .toList());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 20_000})
  void what_a_broken_page_brought_is_taken_back(int jsonLength) throws Exception {
    // With long texts the entries of one page do not stay in memory.
    String json = "x".repeat(jsonLength);
    List<ManifestEntry> kept = new ArrayList<>();
    try (MemoryBudget.Reservation memory = TestRepos.budget().reservation("test");
        ManifestWriter writer = store.repos().newManifest(REPO, FIRST, memory)) {
      for (int page = 0; page < 4; page++) {
        for (int attempt = 0; attempt < 2; attempt++) {
          writer.rewind();
          for (int i = 0; i < 100; i++) {
            // The attempt that breaks off names files that are not there, and wrong ones.
            String path = attempt == 0 && i % 2 == 0 ? "wrong" + i : "p" + page + "/f" + i;
            ManifestEntry entry = new ManifestEntry(file(path, 100 * attempt + i).entry(), json);
            writer.add(entry);
            if (attempt == 0) {
              writer.add(new ManifestEntry(file("p0/f7", 999).entry(), "wrong"));
            } else {
              kept.add(entry);
            }
          }
        }
        writer.mark();
      }
      writer.rewind();
      writer.commit(true);
    }
    reopen();
    List<ManifestEntry> listed = new ArrayList<>();
    manifest(REPO, FIRST).list(Optional.empty(), true, e -> listed.add(e));
    assertThat(listed).containsExactlyInAnyOrderElementsOf(kept);
    assertThat(manifest(REPO, FIRST).size()).isEqualTo(kept.size());
  }

  @Test
  void a_manifest_that_is_not_committed_changes_nothing() throws Exception {
    for (Optional<ManifestEntry> before : List.of(Optional.<ManifestEntry>empty(), Optional.of(file("a", 1)))) {
      if (before.isPresent()) {
        TestRepos.putManifest(store.repos(), REPO, FIRST, List.of(before.get()), true);
      }
      try (MemoryBudget.Reservation memory = TestRepos.budget().reservation("test");
          ManifestWriter writer = store.repos().newManifest(REPO, FIRST, memory)) {
        writer.add(file("b", 2));
      }
      Optional<Manifest> manifest = store.repos().manifest(everybody(REPO), FIRST);
      assertThat(manifest.isPresent()).isEqualTo(before.isPresent());
      if (before.isPresent()) {
        assertThat(list(manifest.get(), "", true)).containsExactly("a");
      }
    }
  }

  @Test
  void an_empty_commit_has_an_empty_manifest() throws Exception {
    TestRepos.putManifest(store.repos(), REPO, FIRST, List.of(), true);
    reopen();
    Manifest manifest = manifest(REPO, FIRST);
    assertThat(manifest.complete()).isTrue();
    assertThat(manifest.size()).isZero();
    assertThat(manifest.find(new FilePath("a"))).isEmpty();
    assertThat(list(manifest, "", true)).isEmpty();
  }

  @Test
  void partial_manifests_add_up_and_a_complete_one_wins() throws Exception {
    RepoStore repos = store.repos();
    TestRepos.putManifest(repos, REPO, FIRST, List.of(file("b", 1), file("b", 2)), false);
    assertThat(manifest(REPO, FIRST).find(new FilePath("b"))).hasValue(file("b", 2));
    Manifest early = manifest(REPO, FIRST);
    TestRepos.putManifest(repos, REPO, FIRST, List.of(file("a", 3)), false);
    assertThat(manifest(REPO, FIRST).complete()).isFalse();
    assertThat(list(manifest(REPO, FIRST), "", true)).containsExactly("a", "b");

    TestRepos.putManifest(repos, REPO, FIRST, List.of(file("c", 4)), true);
    assertThat(manifest(REPO, FIRST).complete()).isTrue();
    assertThat(list(manifest(REPO, FIRST), "", true)).containsExactly("c");

    TestRepos.putManifest(repos, REPO, FIRST, List.of(file("d", 5)), false);
    assertThat(manifest(REPO, FIRST).complete()).isTrue();
    assertThat(list(manifest(REPO, FIRST), "", true)).containsExactly("c");
    // Who holds an older one may see the old or the new entries, and never an error.
    assertThat(list(early, "", true)).isIn(List.of("b"), List.of("c"));
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
      store.repos().putAnswer(REPO, FIRST, names.get(i), seen(bytes, i));
    }
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < names.size(); i++) {
        Observation<byte[]> answer =
            TestRepos.answer(store.repos(), everybody(REPO), FIRST, names.get(i)).orElseThrow();
        assertThat(answer.value()).isEqualTo(TestBlobs.bytes(i, i * 1000));
        assertThat(answer.learnedAt()).isEqualTo(NOW.minusSeconds(i));
      }
      reopen();
    }
    assertThat(store.repos().answer(everybody(REPO), SECOND, "")).isEmpty();
    assertThat(store.repos().answer(everybody(OTHER), FIRST, "")).isEmpty();
    assertThat(store.repos().answer(everybody(REPO), FIRST, "info")).isEmpty();
  }

  @Test
  void a_younger_answer_replaces_an_older_one() throws Exception {
    byte[] old = "old".getBytes(StandardCharsets.UTF_8);
    byte[] young = "young".getBytes(StandardCharsets.UTF_8);
    byte[] large = TestBlobs.bytes(1, 3_000_000);
    store.repos().putAnswer(REPO, FIRST, "info", seen(old, 10));
    store.repos().putAnswer(REPO, FIRST, "info", seen(young, 5));
    store.repos().putAnswer(REPO, FIRST, "info", seen(old, 7));
    assertThat(TestRepos.answer(store.repos(), everybody(REPO), FIRST, "info").orElseThrow().value())
        .isEqualTo(young);
    store.repos().putAnswer(REPO, FIRST, "info", seen(large, 4));
    assertThat(TestRepos.answer(store.repos(), everybody(REPO), FIRST, "info").orElseThrow().value())
        .isEqualTo(large);
    reopen();
    assertThat(TestRepos.answer(store.repos(), everybody(REPO), FIRST, "info").orElseThrow().value())
        .isEqualTo(large);
  }

  private AnswerWriter answerWriter(String name, MemoryBudget budget) {
    return store.repos().newAnswer(REPO, FIRST, name, budget.reservation("test"));
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
        StoredAnswer answer = store.repos().answer(everybody(REPO), FIRST, name).orElseThrow();
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
        assertThat(store.repos().answer(everybody(REPO), FIRST, "info")).isEmpty();
      }
      assertThat(store.repos().answer(everybody(REPO), FIRST, "info")).isEmpty();
    }
  }

  @Test
  void an_older_answer_written_as_a_stream_gives_way_to_a_younger_one() throws Exception {
    byte[] young = TestBlobs.bytes(1, 300_000);
    store.repos().putAnswer(REPO, FIRST, "info", seen(young, 5));
    for (int length : List.of(100, 400_000)) {
      try (AnswerWriter writer = answerWriter("info", TestRepos.budget())) {
        writer.write(new byte[length]);
        assertThat(writer.commit(NOW.minusSeconds(6)).length()).isEqualTo(young.length);
      }
      assertThat(TestRepos.answer(store.repos(), everybody(REPO), FIRST, "info").orElseThrow().value())
          .isEqualTo(young);
    }
    try (AnswerWriter writer = answerWriter("info", TestRepos.budget())) {
      writer.write(new byte[300_001]);
      assertThat(writer.commit(NOW.minusSeconds(4)).length()).isEqualTo(300_001);
    }
    reopen();
    assertThat(store.repos().answer(everybody(REPO), FIRST, "info").orElseThrow().length())
        .isEqualTo(300_001);
  }

  @Test
  void aliases_are_kept_apart_by_case_and_type() throws Exception {
    RepoId old = new RepoId(RepoType.MODEL, "gpt2");
    RepoId upper = new RepoId(RepoType.MODEL, "GPT2");
    RepoId canonical = new RepoId(RepoType.MODEL, "openai-community/gpt2");
    store.repos().putAlias(old, seen(canonical, 10));
    store.repos().putAlias(upper, seen(old, 9));
    reopen();
    assertThat(store.repos().alias(old)).hasValue(seen(canonical, 10));
    assertThat(store.repos().alias(upper)).hasValue(seen(old, 9));
    assertThat(store.repos().alias(canonical)).isEmpty();
    assertThat(store.repos().alias(new RepoId(RepoType.SPACE, "acme/gpt2"))).isEmpty();
  }

  @Test
  void a_public_verdict_is_remembered_and_forgotten() throws Exception {
    Instant at = NOW.minusMillis(123_456);
    assertThat(store.repos().publicSince(REPO)).isEmpty();
    store.repos().rememberPublic(REPO, at);
    assertThat(store.repos().publicSince(OTHER)).isEmpty();
    reopen();
    assertThat(store.repos().publicSince(REPO)).hasValue(at);
    store.repos().forgetPublic(REPO);
    assertThat(store.repos().publicSince(REPO)).isEmpty();
    reopen();
    assertThat(store.repos().publicSince(REPO)).isEmpty();
    store.repos().forgetPublic(REPO);
    store.repos().rememberPublic(REPO, at);
    assertThat(store.repos().publicSince(REPO)).hasValue(at);
  }
}
