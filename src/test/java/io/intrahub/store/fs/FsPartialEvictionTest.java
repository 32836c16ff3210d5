package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.begin;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.piece;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.put;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of the pieces of blobs that are not whole when the store is full. */
final class FsPartialEvictionTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final long PIECE = PartialBlob.PIECE;
  private static final int SIZE = (int) (5 * PIECE);

  /**
   * Twenty pieces, and what is known of a repo; with more than nineteen there is eviction, down to
   * eighteen.
   */
  private static final DiskBudgetSettings TWENTY =
      new DiskBudgetSettings(20 * PIECE + 4096, 0, 95, 90);

  private static final List<BlobId> BLOBS =
      IntStream.range(0, 30)
          .mapToObj(i -> i % 2 == 0 ? gitSha1(content(i)) : sha256(content(i)))
          .toList();

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private final SettableClock clock = new SettableClock();
  private TestDisk disk;
  private FsStore store;

  @BeforeEach
  void open() throws Exception {
    disk = new TestDisk(folder);
    store = FsStore.open(folder, clock, TWENTY, disk, new Random(1));
    makeCurrent(store, clock);
  }

  /** Names many whole blobs in a commit, so that none of them is superseded. */
  private static void makeCurrent(FsStore store, SettableClock clock) throws IOException {
    List<ManifestEntry> entries = new ArrayList<>();
    for (int i = 1; i < 30; i += 2) {
      Digest.Sha256 digest = (Digest.Sha256) blob(i).digest();
      Entry.Lfs lfs = new Entry.Lfs(digest, SIZE, 130);
      FilePath path = new FilePath("w" + i);
      entries.add(
          new ManifestEntry(
              new Entry(Entry.Kind.FILE, path, "a".repeat(40), SIZE, Optional.of(lfs)), "{}"));
    }
    CommitHash commit = new CommitHash("1".repeat(40));
    TestRepos.putManifest(store.repos(), REPO, commit, entries, true);
    Observation<CommitHash> observed = new Observation<>(commit, clock.instant());
    store.repos().putRevision(REPO, Revision.DEFAULT, observed);
  }

  @AfterEach
  void the_books_are_right() throws Exception {
    assertThat(store.usage().writers()).isZero();
    assertThat(store.usage().reserved()).isZero();
    assertThat(store.usage().unpublished()).isZero();
    assertThat(store.usage().bytes()).isEqualTo(FsEvictionTest.bytesOnDisk(folder));
    assertThat(usedByBlobs()).isLessThanOrEqualTo(20 * PIECE);
    long partials = store.usage().partialBytes();
    store.scan();
    assertThat(store.usage().partialBytes()).isEqualTo(partials);
    store.close();
    assertThat(disk.openFiles()).isZero();
  }

  private long usedByBlobs() {
    return usedByBlobs(store);
  }

  private static long usedByBlobs(FsStore store) {
    return store.usage().used() - store.usage().metadataBytes();
  }

  private static BlobId blob(int number) {
    return BLOBS.get(number);
  }

  private static byte[] content(int number) {
    return bytes(number, SIZE);
  }

  private void whole(int number) throws IOException {
    clock.pass(Duration.ofSeconds(1));
    publish(store, REPO, blob(number), content(number));
  }

  private boolean isThere(int number) {
    return store.published().contains(everybody(REPO, blob(number)));
  }

  /** Leaves the first pieces of a blob. */
  private void pieces(int number, int count) throws IOException {
    clock.pass(Duration.ofSeconds(1));
    try (PartialBlob partial = begin(store, REPO, blob(number))) {
      for (int i = 0; i < count; i++) {
        put(partial, content(number), i);
      }
    }
  }

  /** How many pieces of it are found. */
  private int found(int number) throws IOException {
    try (PartialBlob partial = store.scratch().write(everybody(REPO, blob(number)))) {
      BitSet found = partial.found();
      for (int i = found.nextSetBit(0); i >= 0; i = found.nextSetBit(i + 1)) {
        assertThat(piece(partial, SIZE, i)).isEqualTo(piece(content(number), i));
      }
      return found.cardinality();
    }
  }

  @Test
  void pieces_that_nobody_came_back_for_go_before_blobs_that_are_older() throws Exception {
    whole(1);
    whole(3);
    pieces(4, 4);
    pieces(5, 3);
    assertThat(store.usage().partialBytes()).isEqualTo(7 * PIECE);
    clock.pass(Duration.ofHours(1));

    whole(7);

    assertThat(isThere(1) && isThere(3) && isThere(7)).isTrue();
    assertThat(store.usage().partials()).isEqualTo(1);
    assertThat(store.usage().evictedBlobs()).isEqualTo(1);
    assertThat(store.usage().evictedBytes()).isEqualTo(4 * PIECE);
    assertThat(found(5)).isEqualTo(3);
    assertThat(found(4)).isZero();
    assertThat(folder.resolve("repos/models--acme--tiny/partial")).isEmptyDirectory();
  }

  @Test
  void fresh_pieces_wait_for_their_client_as_long_as_older_blobs_can_go() throws Exception {
    whole(1);
    whole(3);
    pieces(5, 4);
    whole(7);

    whole(9);

    assertThat(isThere(1) || isThere(3)).isFalse();
    assertThat(found(5)).isEqualTo(4);

    whole(11);
    whole(13);
    // Just looked at, so they are younger than what was published before.
    assertThat(isThere(7)).isFalse();
    assertThat(found(5)).isEqualTo(4);
  }

  @Test
  void a_blob_that_is_open_keeps_its_pieces_whatever_comes() throws Exception {
    pieces(5, 4);
    whole(1);
    clock.pass(Duration.ofHours(2));
    try (PartialBlob partial = store.scratch().write(everybody(REPO, blob(5)))) {
      assertThat(store.usage().partialBytes()).isZero();
      assertThat(store.usage().unpublished()).isEqualTo(4 * PIECE);
      for (int i = 7; i < 20; i += 2) {
        whole(i);
        store.tidy();
      }
      BlobId huge = new BlobId(blob(29).digest(), 17 * PIECE);
      assertThatThrownBy(() -> begin(store, REPO, huge))
          .hasMessageContaining("no space in the store for " + 17 * PIECE + " bytes: ");
      assertThat(piece(partial, SIZE, 3)).isEqualTo(piece(content(5), 3));
      put(partial, content(5), 4);
      partial.hash(SIZE);
      assertThat(partial.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
      assertThat(store.usage().unpublished()).isZero();
    }
    assertThat(isThere(5)).isTrue();
    assertThat(store.usage().partials()).isZero();
  }

  @Test
  void who_goes_on_with_pieces_needs_room_for_the_rest_only() throws Exception {
    BlobId huge = new BlobId(blob(29).digest(), 20 * PIECE);
    byte[] part = bytes(99, (int) PIECE);
    try (PartialBlob partial = begin(store, REPO, huge)) {
      assertThat(store.usage().reserved()).isEqualTo(20 * PIECE);
      for (int i = 0; i < 15; i++) {
        partial.write(ByteBuffer.wrap(part), i * PIECE);
        partial.mark(i);
      }
    }
    assertThat(usedByBlobs()).isEqualTo(15 * PIECE);

    try (PartialBlob partial = begin(store, REPO, huge)) {
      assertThat(store.usage().reserved()).isEqualTo(5 * PIECE);
      partial.reserve(PIECE);
      // Written again, it takes no more.
      for (int i = 10; i < 20; i++) {
        partial.write(ByteBuffer.wrap(part), i * PIECE);
        assertThat(usedByBlobs()).isEqualTo(20 * PIECE);
      }
    }
    assertThat(usedByBlobs()).isEqualTo(15 * PIECE);
  }

  @Test
  void a_start_finds_pieces_with_the_times_of_their_files() throws Exception {
    whole(1);
    pieces(4, 3);
    pieces(5, 4);
    store.close();
    Path older =
        folder.resolve(
            "repos/models--acme--tiny/partial/sha1-"
                + blob(4).digest().hex()
                + "-"
                + blob(4).size());
    Path younger =
        folder.resolve("partial/sha256-" + blob(5).digest().hex() + "-" + blob(5).size() + "/data");
    Files.setLastModifiedTime(older, FileTime.from(clock.instant().minus(Duration.ofHours(3))));
    Files.setLastModifiedTime(younger, FileTime.from(clock.instant().minus(Duration.ofHours(2))));
    open();
    store.scan();
    assertThat(usedByBlobs()).isEqualTo(12 * PIECE);
    whole(3);
    try (PartialBlob partial = store.scratch().write(everybody(REPO, blob(4)))) {
      // The older one is open now, so the younger one goes.
      whole(7);
      assertThat(partial.found().cardinality()).isEqualTo(3);
    }
    assertThat(isThere(1) && isThere(3) && isThere(7)).isTrue();
    assertThat(younger.getParent()).doesNotExist();
    assertThat(found(4)).isEqualTo(3);
  }

  @Test
  void pieces_that_were_deleted_by_hand_free_nothing_and_count_no_more() throws Exception {
    pieces(5, 4);
    Path gone = folder.resolve("partial/sha256-" + blob(5).digest().hex() + "-" + blob(5).size());
    Files.delete(gone.resolve("data"));
    whole(1);
    whole(3);
    clock.pass(Duration.ofHours(1));

    whole(7);
    whole(9);

    assertThat(store.usage().evictedBytes()).isEqualTo(5 * PIECE);
    assertThat(store.usage().partials()).isZero();
    assertThat(gone).doesNotExist();
    assertThat(isThere(1)).isFalse();
    assertThat(isThere(9)).isTrue();
  }

  @Test
  void a_blob_is_not_evicted_while_somebody_reads_it_from_its_writer() throws Exception {
    PartialBlob writer = begin(store, REPO, blob(1));
    for (int i = 0; i < 5; i++) {
      put(writer, content(1), i);
    }
    writer.hash(SIZE);
    assertThat(writer.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
    assertThat(store.usage().writers()).isZero();
    for (int i = 3; i < 20; i += 2) {
      whole(i);
    }
    // An interrupt closes the file, and the name must lead to it again.
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> piece(writer, SIZE, 0)).isInstanceOf(IOException.class);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(piece(writer, SIZE, 4)).isEqualTo(piece(content(1), 4));
    writer.close();
    writer.close();

    whole(21);
    assertThat(isThere(1)).isFalse();
  }

  /** A store with old pieces, and room for one more blob only without them. */
  private static FsStore full(Path data, SettableClock clock, TestDisk disk) throws Exception {
    FsStore store = FsStore.open(data, clock, TWENTY, disk, new Random(1));
    makeCurrent(store, clock);
    try (PartialBlob partial = begin(store, REPO, blob(5))) {
      for (int i = 0; i < 5; i++) {
        put(partial, content(5), i);
      }
    }
    clock.pass(Duration.ofHours(1));
    publish(store, REPO, blob(11), content(11));
    publish(store, REPO, blob(13), content(13));
    return store;
  }

  private static Optional<PartialBlob> tryBegin(FsStore store, BlobId blob) {
    try {
      return Optional.of(begin(store, REPO, blob));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static void assertWorks(FsStore store, Path data, SettableClock clock) throws Exception {
    store.scan();
    assertThat(store.usage().bytes()).isEqualTo(FsEvictionTest.bytesOnDisk(data));
    try (PartialBlob partial = store.scratch().write(everybody(REPO, blob(5)))) {
      BitSet found = partial.found();
      assertThat(found.cardinality()).isIn(0, 5);
      for (int i = found.nextSetBit(0); i >= 0; i = found.nextSetBit(i + 1)) {
        assertThat(piece(partial, SIZE, i)).isEqualTo(piece(content(5), i));
      }
    }
    clock.pass(Duration.ofHours(1));
    publish(store, REPO, blob(21), content(21));
    publish(store, REPO, blob(23), content(23));
    assertThat(usedByBlobs(store)).isLessThanOrEqualTo(20 * PIECE);
    assertThat(store.usage().partials()).isZero();
    store.close();
    assertThat(FsStoreTest.leftovers(data)).isEmpty();
  }

  @Tag("slow")
  @Test
  void a_call_that_fails_while_pieces_go_hurts_nothing_else() throws Exception {
    int n = 0;
    boolean failed = true;
    while (failed) {
      n++;
      Path data = folder.resolveSibling(folder.getFileName() + "-" + n);
      SettableClock time = new SettableClock();
      TestDisk ill = new TestDisk(data);
      FsStore broken = full(data, time, ill);
      ill.fail(n, TestDisk.Fault.IO_ERROR);
      tryBegin(broken, blob(7)).ifPresent(PartialBlob::close);
      failed = ill.failed();
      ill.fail(Integer.MAX_VALUE, TestDisk.Fault.NONE);
      assertThat(broken.published().contains(everybody(REPO, blob(11)))).isTrue();
      assertThat(broken.published().contains(everybody(REPO, blob(13)))).isTrue();
      assertWorks(broken, data, time);
      delete(data);
    }
    assertThat(n).isBetween(5, 60);
  }

  @Tag("slow")
  @Test
  void a_power_cut_while_pieces_go_leaves_all_of_them_or_none() throws Exception {
    int n = 0;
    boolean killed = true;
    Random random = new Random(7);
    while (killed) {
      n++;
      Path data = folder.resolveSibling(folder.getFileName() + "-cut-" + n);
      Path backups = Files.createDirectory(folder.resolveSibling(folder.getFileName() + "-b" + n));
      SettableClock time = new SettableClock();
      PowerCutDisk power = new PowerCutDisk(data, backups, random);
      FsStore cut = full(data, time, power);
      power.fail(n, TestDisk.Fault.KILLED);
      try {
        tryBegin(cut, blob(7)).ifPresent(PartialBlob::close);
        killed = false;
        cut.close();
      } catch (TestDisk.Killed e) {
        cut.release();
      }
      power.cut();
      TestDisk next = new TestDisk(data);
      next.boot = Optional.of("the next boot");
      assertWorks(FsStore.open(data, time, TWENTY, next, random), data, time);
      delete(data);
      delete(backups);
    }
    assertThat(n).isBetween(5, 60);
  }

  private static void delete(Path folder) throws IOException {
    try (var all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
