package io.intrahub.cachefolder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.store.GuardedFolder;
import io.intrahub.store.JoinedManifest;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.TestBlobs;
import io.intrahub.store.fs.MemoryFolder;
import io.intrahub.store.fs.SeedFolders;
import io.intrahub.testing.FaultyFileSystem;
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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Stream;
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
    return guarded(Stream.of(folders).map(GuardedFolder::new).toList());
  }

  private SeedListings guarded(List<GuardedFolder> all) {
    return new SeedListings(all, new SeedFolders(all, System::nanoTime, 1_000_000), clock);
  }

  private static Manifest joined(Manifest first, Manifest second) {
    return new JoinedManifest(first, () -> Optional.of(second));
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
    for (Manifest manifest : List.of(both, joined(manifest(one), manifest(two)))) {
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
    Manifest joined = joined(manifest(one), manifest(two));
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

  /** However long they are, because a client may hold hundreds of listings. */
  @Test
  void a_listing_holds_fewer_names_at_once_if_they_are_long() throws Exception {
    List<String> files = new ArrayList<>();
    for (int i = 0; i < 1_500; i++) {
      files.add("f%04d".formatted(i) + "x".repeat(240));
      carry(one, files.getLast());
    }
    FaultyFileSystem disk = new FaultyFileSystem(one);
    AtomicInteger reads = new AtomicInteger();
    disk.set((call, _) -> {
      if (call == FaultyFileSystem.Call.LIST) {
        reads.incrementAndGet();
      }
    });
    assertThat(inPages(manifest(disk.of(one)), "", true, 2_000)).isEqualTo(files);
    // 128 KiB of names of 345 bytes each, with what they take besides.
    assertThat(reads.get()).isGreaterThanOrEqualTo(1_500 * 345 / (128 << 10));
  }

  /** Names that are read later may fit where a longer one did not. */
  @Test
  void a_listing_loses_no_name_whatever_their_lengths_and_the_order_of_the_folder()
      throws Exception {
    for (int seed = 0; seed < 25; seed++) {
      Random random = new Random(seed);
      // A listing holds the fewer names at once the deeper the folder is.
      String folder = "r%d/a/b/c/d/e/f/g/h/i".formatted(seed);
      List<String> files = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        String name = "%04d".formatted(random.nextInt(10_000)) + "x".repeat(random.nextInt(230));
        files.add(folder + "/" + name + i);
        int where = random.nextInt(3);
        if (where < 2) {
          carry(one, files.getLast());
        }
        if (where > 0) {
          carry(two, files.getLast());
        }
      }
      for (Manifest manifest : List.of(manifest(one, two), manifest(two, one))) {
        assertThat(inPages(manifest, folder.substring(0, folder.indexOf('/')), true, 2_000))
            .as("seed %d", seed)
            .isEqualTo(expected(files, folder.substring(0, folder.indexOf('/')), true));
      }
    }
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
    Manifest joined = joined(manifest(one), broken());
    assertThat(inPages(joined, "", true, 1)).containsExactly("a", "a/x");
    assertThat(joined.find(new FilePath("a/x"))).isPresent();
    assertThat(joined.find(new FilePath("b"))).isEmpty();
  }

  @Test
  void a_share_that_hangs_counts_as_not_mounted_until_it_answers() throws Exception {
    carry(one, "x");
    carry(two, "y");
    GuardedFolder hanging = new GuardedFolder(one, Duration.ofSeconds(1));
    SeedListings listings = guarded(List.of(hanging, new GuardedFolder(two)));
    Manifest both = listings.manifest(REPO, COMMIT).orElseThrow();
    assertThat(inPages(both, "", true, 10)).containsExactly("x", "y");
    CountDownLatch answers = new CountDownLatch(1);
    CountDownLatch answered = new CountDownLatch(1);
    Optional<Boolean> look =
        hanging.look(() -> {
          while (answers.getCount() > 0) {
            try {
              answers.await();
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
          }
          answered.countDown();
          return Optional.of(true);
        });
    assertThat(look).isEmpty();
    assertThat(inPages(both, "", true, 10)).containsExactly("y");
    assertThat(listings.manifest(REPO, COMMIT).orElseThrow().find(new FilePath("x"))).isEmpty();

    answers.countDown();
    answered.await();
    await().until(() -> both.find(new FilePath("x")).isPresent());
    assertThat(inPages(both, "", true, 10)).containsExactly("x", "y");
  }

  /** Only what goes on may take longer than a look. */
  @Test
  void a_listing_of_a_share_that_hangs_goes_on_with_the_others() throws Exception {
    carry(one, "x");
    carry(two, "y");
    FaultyFileSystem disk = new FaultyFileSystem(one);
    GuardedFolder share = new GuardedFolder(disk.of(one), Duration.ofMillis(700));
    Manifest both =
        guarded(List.of(share, new GuardedFolder(two))).manifest(REPO, COMMIT).orElseThrow();
    CountDownLatch gate = new CountDownLatch(1);
    disk.hang(FaultyFileSystem.Call.LIST, COMMIT.hex(), gate);
    long begun = System.nanoTime();
    assertThat(inPages(both, "", true, 10)).containsExactly("y");
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(8));
    gate.countDown();
    await().until(() -> inPages(both, "", true, 10).equals(List.of("x", "y")));
  }

  /** Else one request would have thousands of files read. */
  @Test
  void a_file_is_named_without_being_read_unless_it_is_looked_up_to_be_sent() throws Exception {
    carry(one, "x");
    Files.write(
        one.resolve(REPO.folderName()).resolve("blobs/" + BLOB.digest().hex()), new byte[50]);
    for (Manifest manifest : List.of(manifest(one), joined(manifest(one), manifest(one)))) {
      assertThat(manifest.findListed(new FilePath("x"))).isPresent();
      assertThat(manifest.find(new FilePath("x"))).isEmpty();
    }
  }

  /** Whoever fills a seed must not open one repo of it to the readers of another. */
  @Test
  void no_link_leads_to_the_files_of_another_repo() throws Exception {
    carry(one, "x");
    Path secret = one.resolve(REPO.folderName());
    Path ref = Files.createDirectories(secret.resolve("refs")).resolve("main");
    Files.writeString(ref, COMMIT.hex());
    RepoId open = new RepoId(RepoType.MODEL, "acme/open");
    Path links = Files.createDirectories(one.resolve(open.folderName()));
    SeedListings listings = listings(one);
    assertThat(listings.revision(REPO, Revision.MAIN)).isPresent();

    for (String part : List.of("snapshots", "refs", "blobs")) {
      Files.createSymbolicLink(links.resolve(part), secret.resolve(part));
    }
    assertThat(listings.manifest(open, COMMIT)).isEmpty();
    Files.delete(links.resolve("snapshots"));
    Path file = links.resolve("snapshots/" + COMMIT.hex() + "/x");
    Files.createDirectories(file.getParent());
    Files.createSymbolicLink(file, Path.of("../../blobs/" + BLOB.digest().hex()));
    assertThat(listings.revision(open, Revision.MAIN)).isEmpty();
    Manifest manifest = listings.manifest(open, COMMIT).orElseThrow();
    assertThat(inPages(manifest, "", true, 10)).isEmpty();
    assertThat(manifest.find(new FilePath("x"))).isEmpty();
  }

  /** What was a folder when the list was opened may be a link now. */
  @Test
  void a_folder_that_is_replaced_by_a_link_names_nothing_of_another_repo() throws Exception {
    carry(one, "folder/x");
    Path secret = one.resolve(REPO.folderName()).resolve("snapshots");
    RepoId open = new RepoId(RepoType.MODEL, "acme/open");
    Path snapshots = one.resolve(open.folderName()).resolve("snapshots");
    Files.createDirectories(snapshots.resolve(COMMIT.hex()));
    Manifest manifest = listings(one).manifest(open, COMMIT).orElseThrow();
    Files.delete(snapshots.resolve(COMMIT.hex()));
    Files.delete(snapshots);
    Files.createSymbolicLink(snapshots, secret);

    assertThat(inPages(manifest, "", true, 10)).isEmpty();
    assertThat(manifest.find(new FilePath("folder"))).isEmpty();
  }
}
