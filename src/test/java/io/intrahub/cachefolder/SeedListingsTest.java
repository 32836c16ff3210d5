package io.intrahub.cachefolder;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.store.JoinedManifest;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.TestBlobs;
import io.intrahub.store.fs.MemoryFolder;
import io.intrahub.store.fs.SeedFolders;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SeedListingsTest {
  private static final RepoId REPO = new RepoId(RepoType.DATASET, "acme/rows");
  private static final CommitHash COMMIT = new CommitHash("a".repeat(40));
  private static final byte[] CONTENT = TestBlobs.bytes(1, 50);
  private static final BlobId BLOB = TestBlobs.sha256(CONTENT);

  @TempDir(factory = MemoryFolder.class)
  Path tmp;

  private final SettableClock clock = new SettableClock();
  private Path one;
  private Path two;

  @BeforeEach
  void folders() throws Exception {
    one = Files.createDirectories(tmp.resolve("one"));
    two = Files.createDirectories(tmp.resolve("two"));
  }

  private SeedListings listings(Path... folders) {
    List<Path> all = List.of(folders);
    return new SeedListings(all, new SeedFolders(all, System::nanoTime), clock);
  }

  private Manifest manifest(Path... folders) {
    return listings(folders).manifest(REPO, COMMIT).orElseThrow();
  }

  private static void carry(Path seed, String path) throws Exception {
    Path repo = seed.resolve(REPO.folderName());
    Path blob = repo.resolve("blobs/" + BLOB.digest().hex());
    if (Files.notExists(blob)) {
      Files.createDirectories(blob.getParent());
      Files.write(blob, CONTENT);
    }
    Path link = repo.resolve("snapshots/" + COMMIT.hex()).resolve(path);
    Files.createDirectories(link.getParent());
    Files.createSymbolicLink(link, link.getParent().relativize(blob));
  }

  private static List<String> list(
      Manifest manifest, String directory, boolean recursive, Optional<FilePath> after, int atMost)
      throws Exception {
    List<String> paths = new ArrayList<>();
    manifest.list(
        directory.isEmpty() ? Optional.empty() : Optional.of(new FilePath(directory)),
        recursive,
        after,
        entry -> {
          paths.add(entry.entry().path().value());
          return paths.size() < atMost;
        });
    return paths;
  }

  private static List<String> inPages(
      Manifest manifest, String directory, boolean recursive, int limit) throws Exception {
    List<String> all = new ArrayList<>();
    List<String> page = list(manifest, directory, recursive, Optional.empty(), limit);
    while (!page.isEmpty()) {
      all.addAll(page);
      page = list(manifest, directory, recursive, Optional.of(new FilePath(all.getLast())), limit);
    }
    return all;
  }

  /** What {@link Manifest} says of the order, computed from all paths at once. */
  private static List<String> expected(List<String> files, String directory, boolean recursive) {
    TreeSet<FilePath> all = new TreeSet<>(Manifest.ORDER);
    for (String file : files) {
      for (int end = file.indexOf('/'); end >= 0; end = file.indexOf('/', end + 1)) {
        all.add(new FilePath(file.substring(0, end)));
      }
      all.add(new FilePath(file));
    }
    String prefix = directory.isEmpty() ? "" : directory + "/";
    return all.stream()
        .map(FilePath::value)
        .filter(path -> path.startsWith(prefix))
        .filter(path -> recursive || path.indexOf('/', prefix.length()) < 0)
        .toList();
  }

  @Test
  void a_listing_has_the_order_of_git_and_begins_anywhere() throws Exception {
    List<String> files =
        List.of(
            "a-b",
            "a.b",
            "a/b",
            "a/b-c/d",
            "a/b.c",
            "a/\uFF5E",
            "a/\uD83D\uDE00",
            "a0",
            "b/c/d/e",
            "b/c/d-e",
            "c");
    // Half of them in each folder, and some in both.
    for (int i = 0; i < files.size(); i++) {
      if (i % 2 == 0 || i % 5 == 0) {
        carry(one, files.get(i));
      }
      if (i % 2 == 1) {
        carry(two, files.get(i));
      }
    }
    Manifest both = manifest(one, two);
    for (Manifest manifest : List.of(both, new JoinedManifest(manifest(one), manifest(two)))) {
      for (String directory : List.of("", "a", "b", "b/c", "nothing")) {
        for (boolean recursive : new boolean[] {true, false}) {
          for (int limit : new int[] {1, 2, 3, 1_000}) {
            assertThat(inPages(manifest, directory, recursive, limit))
                .as(directory + " " + recursive + " " + limit)
                .isEqualTo(expected(files, directory, recursive));
          }
        }
      }
      assertThat(manifest.complete()).isFalse();
      assertThat(manifest.find(new FilePath("a/b"))).isPresent();
      assertThat(manifest.find(new FilePath("a/b/x"))).isEmpty();
    }
    assertThat(both.size()).isEqualTo(expected(files, "", true).size());
  }

  @Test
  void two_partial_lists_are_joined_chunk_by_chunk() throws Exception {
    Random random = new Random(7);
    List<String> files = new ArrayList<>();
    for (int i = 0; i < 1_300; i++) {
      String path = "d%d/f%04d".formatted(random.nextInt(3), i);
      files.add(path);
      int where = random.nextInt(3);
      if (where < 2) {
        carry(one, path);
      }
      if (where > 0) {
        carry(two, path);
      }
    }
    Manifest joined = new JoinedManifest(manifest(one), manifest(two));
    assertThat(inPages(joined, "", true, 2_000)).isEqualTo(expected(files, "", true));
    assertThat(inPages(joined, "", true, 400)).isEqualTo(expected(files, "", true));
  }

  @Test
  void a_revision_is_what_the_first_folder_that_has_files_of_it_says() throws Exception {
    Path ref = one.resolve(REPO.folderName()).resolve("refs/main");
    Files.createDirectories(ref.getParent());
    Files.writeString(ref, "b".repeat(40));
    SeedListings listings = listings(tmp.resolve("not-mounted"), one, two);
    assertThat(listings.revision(REPO, Revision.MAIN)).as("of no known file").isEmpty();

    carry(two, "x");
    Path other = two.resolve(REPO.folderName()).resolve("refs/main");
    Files.createDirectories(other.getParent());
    Files.writeString(other, COMMIT.hex());
    Files.setLastModifiedTime(other, FileTime.from(clock.instant().plus(Duration.ofDays(1))));
    assertThat(listings.revision(REPO, Revision.MAIN).orElseThrow().value()).isEqualTo(COMMIT);
    assertThat(listings.revision(REPO, Revision.MAIN).orElseThrow().learnedAt())
        .as("no time in the future")
        .isEqualTo(clock.instant());
    assertThat(listings.has(REPO)).isTrue();
    assertThat(listings.has(new RepoId(RepoType.MODEL, "acme/rows"))).isFalse();
  }

  /** A slow client would keep all names of a large folder in memory. */
  @Test
  void a_listing_holds_only_the_next_names_of_a_folder() throws Exception {
    List<String> files = new ArrayList<>();
    for (int i = 0; i < 2_500; i++) {
      files.add("f%04d".formatted(i));
      carry(i % 2 == 0 ? one : two, files.getLast());
    }
    List<String> listed = new ArrayList<>();
    manifest(one, two)
        .list(
            Optional.empty(),
            true,
            entry -> {
              if (listed.isEmpty()) {
                try {
                  carry(one, "later");
                } catch (Exception e) {
                  throw new AssertionError(e);
                }
              }
              listed.add(entry.entry().path().value());
            });
    files.add("later");
    assertThat(listed).isEqualTo(files);
  }

  /** A list of a share that is unmounted meanwhile. */
  private static Manifest broken() {
    return new Manifest() {
      @Override
      public CommitHash commit() {
        return COMMIT;
      }

      @Override
      public boolean complete() {
        return false;
      }

      @Override
      public int size() {
        return 0;
      }

      @Override
      public Optional<ManifestEntry> find(FilePath path) throws IOException {
        throw new IOException("as the test wants");
      }

      @Override
      public void list(
          Optional<FilePath> directory,
          boolean recursive,
          Optional<FilePath> after,
          Predicate<ManifestEntry> to)
          throws IOException {
        throw new IOException("as the test wants");
      }
    };
  }

  @Test
  void a_list_that_cannot_be_read_hides_nothing_of_what_it_was_to_add_to() throws Exception {
    carry(one, "a/x");
    Manifest joined = new JoinedManifest(manifest(one), broken());
    assertThat(inPages(joined, "", true, 1)).containsExactly("a", "a/x");
    assertThat(joined.find(new FilePath("a/x"))).isPresent();
    assertThat(joined.find(new FilePath("b"))).isEmpty();
  }
}
