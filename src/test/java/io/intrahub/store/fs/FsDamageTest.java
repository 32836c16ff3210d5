package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.read;
import static io.intrahub.store.TestBlobs.readAll;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.StoredBlob;
import io.intrahub.store.fs.blobs.BlobIndex;
import io.intrahub.store.fs.blobs.Quarantine;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Blobs that somebody or something changed behind the store's back. */
final class FsDamageTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final int LARGE = FsPublishedBlobs.CHECKED_ON_OPEN + 1000;

  @TempDir Path folder;
  private TestDisk disk;
  private FsStore store;

  @BeforeEach
  void open() throws Exception {
    disk = new TestDisk(folder);
    store =
        FsStore.open(folder, Clock.systemUTC(), DiskBudgetSettings.DEFAULT, disk, new Random(1));
  }

  @AfterEach
  void close() throws IOException {
    assertThat(FsStoreTest.leftovers(folder)).isEmpty();
    assertThat(disk.openFiles()).isZero();
    store.close();
  }

  private void reopen() throws Exception {
    store.close();
    open();
  }

  /** As after a kill: the lock is gone and nothing was put in order. */
  private void crashAndReopen() throws Exception {
    store.release();
    open();
  }

  private Path shared(BlobId blob) {
    String hex = blob.digest().hex();
    return folder.resolve("blobs/sha256").resolve(hex.substring(0, 2)).resolve(hex);
  }

  /** The same path, after its folder was made. */
  private static Path folderOf(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    return file;
  }

  private Path git(BlobId blob) {
    return folder.resolve("repos/models--acme--tiny/blobs").resolve(blob.digest().hex());
  }

  private BlobId published(int seed, int size) throws IOException {
    byte[] content = bytes(seed, size);
    publish(store, REPO, sha256(content), content);
    return sha256(content);
  }

  private static void overwrite(Path file, long at, byte[] with) throws IOException {
    FileTime before = Files.getLastModifiedTime(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(with), at);
    }
    Files.setLastModifiedTime(file, before);
  }

  private static void truncate(Path file, long size) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(size);
    }
  }

  private List<Path> quarantine() throws IOException {
    try (Stream<Path> all = Files.list(folder.resolve("quarantine"))) {
      return all.filter(p -> !p.toString().endsWith(".txt")).toList();
    }
  }

  @Test
  void a_published_blob_is_read_only() throws Exception {
    BlobId blob = published(1, 100);
    assertThat(Files.getPosixFilePermissions(shared(blob)))
        .isEqualTo(PosixFilePermissions.fromString("r--r--r--"));
  }

  @ParameterizedTest
  @ValueSource(ints = {100, 100_000, FsPublishedBlobs.CHECKED_ON_OPEN})
  void a_flipped_bit_in_a_small_blob_is_found_when_it_is_opened(int size) throws Exception {
    BlobId blob = published(1, size);
    overwrite(shared(blob), size / 2, new byte[] {1, 2, 3});
    assertThat(read(store, REPO, blob)).isEmpty();
    assertThat(shared(blob)).doesNotExist();
    assertThat(quarantine()).hasSize(1);
    assertThat(store.usage().blobs()).isZero();

    published(1, size);
    assertThat(read(store, REPO, blob)).hasValue(bytes(1, size));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, LARGE - 1})
  void a_truncated_blob_is_absent_and_can_be_filled_again(int length) throws Exception {
    BlobId blob = published(1, LARGE);
    truncate(shared(blob), length);
    assertThat(store.published().contains(everybody(REPO, blob))).isFalse();
    assertThat(read(store, REPO, blob)).isEmpty();
    assertThat(quarantine()).hasSize(1);
    published(1, LARGE);
    assertThat(read(store, REPO, blob)).hasValue(bytes(1, LARGE));
  }

  @Test
  void a_verified_blob_takes_the_place_of_one_with_a_wrong_size() throws Exception {
    BlobId blob = published(1, LARGE);
    truncate(shared(blob), 10);
    published(1, LARGE);
    assertThat(read(store, REPO, blob)).hasValue(bytes(1, LARGE));
    assertThat(quarantine()).hasSize(1);
  }

  @Test
  void links_folders_and_pipes_with_the_name_of_a_blob_are_absent() throws Exception {
    byte[] content = bytes(1, 100);
    BlobId blob = sha256(content);
    Path secret = Files.write(folder.resolve("access/secret"), content);
    Files.createSymbolicLink(folderOf(shared(blob)), secret);
    assertThat(read(store, REPO, blob)).isEmpty();
    assertThat(store.published().contains(everybody(REPO, blob))).isFalse();

    byte[] other = bytes(2, 100);
    Files.createDirectory(folderOf(shared(sha256(other))));
    assertThat(read(store, REPO, sha256(other))).isEmpty();

    byte[] third = bytes(3, 100);
    Process pipe = new ProcessBuilder("mkfifo", folderOf(shared(sha256(third))).toString()).start();
    assertThat(pipe.waitFor()).isZero();
    assertThat(read(store, REPO, sha256(third))).isEmpty();

    store.scan();
    for (byte[] one : List.of(content, other, third)) {
      publish(store, REPO, sha256(one), one);
      assertThat(read(store, REPO, sha256(one))).hasValue(one);
    }
    assertThat(secret).hasBinaryContent(content);
  }

  @Test
  void a_blob_that_can_not_be_read_is_checked_and_replaced() throws Exception {
    BlobId blob = published(1, LARGE);
    try (StoredBlob stored = store.published().open(everybody(REPO, blob)).orElseThrow()) {
      disk.fail(1, TestDisk.Fault.IO_ERROR);
      assertThatThrownBy(() -> readAll(stored)).isInstanceOf(IOException.class);
    }
    // The error passes: the blob is whole, and that is what the next one finds.
    assertThat(read(store, REPO, blob)).hasValue(bytes(1, LARGE));
    assertThat(quarantine()).isEmpty();

    // The error stays, and a transfer brings a good copy.
    disk.fail(2, TestDisk.Fault.IO_ERROR);
    try (StoredBlob stored = store.published().open(everybody(REPO, blob)).orElseThrow()) {
      assertThatThrownBy(() -> readAll(stored)).isInstanceOf(IOException.class);
    }
    published(1, LARGE);
    assertThat(quarantine()).hasSize(1);
    assertThat(read(store, REPO, blob)).hasValue(bytes(1, LARGE));
  }

  @Test
  void an_open_blob_survives_its_deletion() throws Exception {
    BlobId blob = published(1, LARGE);
    try (StoredBlob stored = store.published().open(everybody(REPO, blob)).orElseThrow()) {
      Files.delete(shared(blob));
      assertThat(readAll(stored)).isEqualTo(bytes(1, LARGE));
    }
    assertThat(read(store, REPO, blob)).isEmpty();
    assertThat(store.usage().blobs()).isZero();
  }

  @Test
  void after_a_crash_recent_large_blobs_are_checked_before_they_are_served() throws Exception {
    BlobId damaged = published(1, LARGE);
    BlobId good = published(2, LARGE);
    BlobId old = published(3, LARGE);
    overwrite(shared(damaged), 5, new byte[] {1, 2, 3});
    overwrite(shared(old), 5, new byte[] {1, 2, 3});
    Files.setLastModifiedTime(
        shared(old), FileTime.from(Instant.now().minus(Duration.ofMinutes(30))));
    crashAndReopen();
    assertThat(read(store, REPO, damaged)).isEmpty();
    assertThat(read(store, REPO, good)).hasValue(bytes(2, LARGE));
    // Large old blobs are for the scrubber: a start can't read all there is.
    assertThat(read(store, REPO, old)).isPresent();
    assertThat(quarantine()).hasSize(1);
  }

  @Test
  void a_second_crash_does_not_hide_what_the_first_one_left() throws Exception {
    BlobId damaged = published(1, LARGE);
    overwrite(shared(damaged), 5, new byte[] {1, 2, 3});
    Instant before = Instant.now().minus(Duration.ofHours(5));
    Files.setLastModifiedTime(shared(damaged), FileTime.from(before));
    Files.setLastModifiedTime(folder.resolve("running"), FileTime.from(before));
    crashAndReopen();
    // Neither ends the doubt: a crash before the walk, an orderly end before it.
    crashAndReopen();
    reopen();
    assertThat(read(store, REPO, damaged)).isEmpty();
    store.scan();
    store.close();
    assertThat(folder.resolve("running")).doesNotExist();
    open();
  }

  @Test
  void the_walk_after_a_crash_checks_them_too() throws Exception {
    BlobId damaged = published(1, LARGE);
    overwrite(shared(damaged), 5, new byte[] {1, 2, 3});
    crashAndReopen();
    store.scan();
    assertThat(shared(damaged)).doesNotExist();
    assertThat(store.usage().blobs()).isZero();
  }

  @Test
  void after_an_orderly_end_nothing_is_in_doubt() throws Exception {
    BlobId damaged = published(1, LARGE);
    overwrite(shared(damaged), 5, new byte[] {1, 2, 3});
    reopen();
    assertThat(read(store, REPO, damaged)).isPresent();
  }

  @Test
  void the_walk_counts_blobs_and_puts_away_what_can_not_be_one() throws Exception {
    published(1, 1000);
    byte[] content = bytes(2, 500);
    publish(store, REPO, gitSha1(content), content);
    byte[] nothing = {};
    publish(store, REPO, sha256(nothing), nothing);
    publish(store, REPO, gitSha1(nothing), nothing);
    reopen();
    assertThat(store.usage().counted()).isFalse();

    Path empty = Files.createFile(folderOf(shared(sha256(bytes(9, 9)))));
    Path emptyGit = Files.createFile(git(gitSha1(bytes(9, 9))));
    Path misplaced = folderOf(folder.resolve("blobs/sha256/00/" + "f".repeat(64)));
    Files.writeString(misplaced, "x");
    Path foreign = Files.writeString(folder.resolve("blobs/sha256/00/notes.txt"), "mine");
    Path foreignTop = Files.writeString(folder.resolve("README"), "mine");
    Path foreignRepo = Files.createDirectory(folder.resolve("repos/backup"));
    Path leftover =
        folder.resolve("repos/models--acme--tiny/partial/sha1-" + "a".repeat(40) + "-9");
    Files.writeString(leftover, "stump");

    for (int i = 0; i < 2; i++) {
      store.scan();
      assertThat(store.usage().counted()).isTrue();
      assertThat(store.usage().blobs()).isEqualTo(4);
      assertThat(store.usage().bytes()).isEqualTo(1500);
      assertThat(List.of(empty, emptyGit, misplaced, leftover)).noneMatch(Files::exists);
      assertThat(List.of(foreign, foreignTop, foreignRepo)).allMatch(Files::exists);
      assertThat(quarantine()).hasSize(3);
    }
  }

  @Test
  void the_walk_leaves_a_running_writer_alone() throws Exception {
    byte[] content = bytes(1, 1000);
    try (PartialBlob partial = store.scratch().write(everybody(REPO, gitSha1(content)))) {
      partial.write(ByteBuffer.wrap(content), 0);
      partial.hash(content.length);
      store.scan();
      assertThat(partial.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
    }
    assertThat(read(store, REPO, gitSha1(content))).hasValue(content);
  }

  @Test
  void the_quarantine_keeps_the_newest_with_their_reports() throws Exception {
    byte[] content = bytes(1, 100);
    for (int i = 0; i < Quarantine.MAX_ITEMS + 5; i++) {
      byte[] wrong = content.clone();
      wrong[0] ^= (byte) (i + 1);
      publish(store, REPO, sha256(content), wrong);
    }
    assertThat(quarantine()).hasSize(Quarantine.MAX_ITEMS);
    try (Stream<Path> all = Files.list(folder.resolve("quarantine"))) {
      assertThat(all).hasSize(2 * Quarantine.MAX_ITEMS);
    }
    Path report = Path.of(quarantine().getFirst() + ".txt");
    assertThat(report).content().contains("acme/tiny", "another digest", "when: 20");
  }

  @Test
  void opening_a_blob_is_using_it() throws Exception {
    BlobIndex index = new BlobIndex();
    BlobKey key = BlobKey.of("", sha256(bytes(1, 1)).digest());
    Instant published = Instant.parse("2026-01-01T00:00:00Z");
    index.found(key, 10, published);
    assertThat(index.lastUse(key)).hasValue(published);
    index.used(key, 10, published.plusSeconds(60));
    index.found(key, 10, published);
    assertThat(index.lastUse(key)).hasValue(published.plusSeconds(60));
    index.put(key, 12, BlobIndex.Trust.VERIFIED, published);
    assertThat(index.bytes()).isEqualTo(12);
    index.remove(key);
    index.remove(key);
    assertThat(index.bytes() + index.count()).isZero();
  }
}
