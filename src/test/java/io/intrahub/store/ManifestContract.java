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
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every store promises about manifests. A store that survives is opened anew between. */
public abstract class ManifestContract {
  protected static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");
  protected static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny-bert");
  protected static final RepoId OTHER = new RepoId(RepoType.DATASET, "acme/tiny-bert");
  static final CommitHash FIRST = new CommitHash("1".repeat(40));
  static final CommitHash SECOND = new CommitHash("2".repeat(40));

  /** Set before each test, and again by {@link #reopen}. */
  protected RepoStore repos;

  /** Metadata that holds what the one before it in this test held, if it survives at all. */
  protected abstract RepoStore open(Clock clock) throws Exception;

  /** Closes what was opened last. */
  protected abstract void close() throws Exception;

  /** Fails when something lies about that nobody needs. */
  protected abstract void assertNoLeftovers() throws Exception;

  @BeforeEach
  void openRepos() throws Exception {
    repos = open(Clock.fixed(NOW, ZoneOffset.UTC));
  }

  @AfterEach
  void nothing_is_left_over() throws Exception {
    assertNoLeftovers();
    close();
  }

  void reopen() throws Exception {
    close();
    openRepos();
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
    return repos.manifest(everybody(repo), commit).orElseThrow();
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
    assertThat(repos.manifest(everybody(REPO), FIRST)).isEmpty();
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
    TestRepos.putManifest(repos, REPO, FIRST, entries, true);
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
    assertThat(repos.manifest(everybody(OTHER), FIRST)).isEmpty();
    assertThat(repos.manifest(everybody(REPO), SECOND)).isEmpty();
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
    TestRepos.putManifest(repos, REPO, FIRST, entries, true);
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
                      .filter(
                          p -> Manifest.ORDER.compare(new FilePath(p), new FilePath(behind)) > 0)
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
        ManifestWriter writer = repos.newManifest(REPO, FIRST, memory)) {
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
    for (Optional<ManifestEntry> before :
        List.of(Optional.<ManifestEntry>empty(), Optional.of(file("a", 1)))) {
      if (before.isPresent()) {
        TestRepos.putManifest(repos, REPO, FIRST, List.of(before.get()), true);
      }
      try (MemoryBudget.Reservation memory = TestRepos.budget().reservation("test");
          ManifestWriter writer = repos.newManifest(REPO, FIRST, memory)) {
        writer.add(file("b", 2));
      }
      Optional<Manifest> manifest = repos.manifest(everybody(REPO), FIRST);
      assertThat(manifest.isPresent()).isEqualTo(before.isPresent());
      if (before.isPresent()) {
        assertThat(list(manifest.get(), "", true)).containsExactly("a");
      }
    }
  }

  @Test
  void an_empty_commit_has_an_empty_manifest() throws Exception {
    TestRepos.putManifest(repos, REPO, FIRST, List.of(), true);
    reopen();
    Manifest manifest = manifest(REPO, FIRST);
    assertThat(manifest.complete()).isTrue();
    assertThat(manifest.size()).isZero();
    assertThat(manifest.find(new FilePath("a"))).isEmpty();
    assertThat(list(manifest, "", true)).isEmpty();
  }

  @Test
  void partial_manifests_add_up_and_a_complete_one_wins() throws Exception {
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
}
