package io.intrahub.store.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.GuardedFolder;
import io.intrahub.store.SeedBlobs;
import io.intrahub.store.TestBlobs;
import io.intrahub.testing.FaultyFileSystem;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SeedFoldersTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final byte[] CONTENT = TestBlobs.bytes(1, 5_000);
  private static final BlobId BLOB = TestBlobs.sha256(CONTENT);

  @TempDir(factory = MemoryFolder.class)
  Path tmp;

  private final AtomicLong nanos = new AtomicLong();
  private Path file;
  private SeedFolders seeds;

  @BeforeEach
  void folder() throws Exception {
    Path blobs = Files.createDirectories(tmp.resolve("models--acme--tiny/blobs"));
    file = blobs.resolve(BLOB.digest().hex());
    seeds = folders(tmp);
  }

  private SeedFolders folders(Path... all) {
    return new SeedFolders(Stream.of(all).map(GuardedFolder::new).toList(), nanos::get, 1_000_000);
  }

  private boolean isUsed() {
    Optional<SeedBlobs.Seed> seed = seeds.open(REPO, BLOB, Duration.ofSeconds(5));
    seed.ifPresent(SeedBlobs.Seed::close);
    return seed.isPresent();
  }

  private static Path openedFrom(SeedFolders seeds) {
    try (SeedBlobs.Seed seed = seeds.open(REPO, BLOB, Duration.ofSeconds(5)).orElseThrow()) {
      return seed.file();
    }
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  @Test
  void a_file_that_cannot_be_read_is_tried_again_after_a_minute() throws Exception {
    Files.createSymbolicLink(file, file.getFileName());
    assertThat(isUsed()).as("a link to itself").isFalse();
    Files.delete(file);
    Files.write(file, CONTENT);

    pass(Duration.ofSeconds(59));
    assertThat(isUsed()).isFalse();
    pass(Duration.ofSeconds(2));
    assertThat(isUsed()).isTrue();
  }

  @Test
  void a_file_that_a_reader_could_not_use_is_verified_anew_after_a_minute() throws Exception {
    Files.write(file, CONTENT);
    FileTime time = FileTime.from(Instant.parse("2026-03-01T12:00:00Z"));
    Files.setLastModifiedTime(file, time);
    assertThat(isUsed()).isTrue();
    Path opened = openedFrom(seeds);
    // As a failing disk does: the file looks the same.
    byte[] wrong = CONTENT.clone();
    wrong[7] ^= 1;
    Files.write(file, wrong);
    Files.setLastModifiedTime(file, time);
    seeds.reject(opened);

    assertThat(isUsed()).isFalse();
    pass(Duration.ofMinutes(2));
    assertThat(isUsed()).as("its digest was computed again").isFalse();
    Files.write(file, CONTENT);
    Files.setLastModifiedTime(file, FileTime.from(time.toInstant().plusSeconds(1)));
    assertThat(isUsed()).as("it was changed").isTrue();
  }

  @Test
  void a_file_with_wrong_content_is_not_used_until_it_is_changed() throws Exception {
    Files.write(file, new byte[CONTENT.length]);
    assertThat(isUsed()).isFalse();
    pass(Duration.ofDays(1));
    assertThat(isUsed()).isFalse();

    Files.write(file, CONTENT);
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().plusSeconds(10)));
    assertThat(isUsed()).isTrue();
  }

  @Test
  void a_file_that_cannot_be_used_takes_no_good_copy_with_it() throws Exception {
    Path other = tmp.resolve("other");
    Path copy = other.resolve("models--acme--tiny/blobs").resolve(file.getFileName());
    Files.createDirectories(copy.getParent());
    Files.write(copy, CONTENT);
    Files.write(file, CONTENT);
    SeedFolders both = folders(tmp, other);
    assertThat(openedFrom(both)).isEqualTo(file);

    both.reject(file);
    assertThat(openedFrom(both)).isEqualTo(copy);
  }

  /** Whoever fills a seed must not open one repo of it to the readers of another. */
  @Test
  void no_link_leads_to_the_blobs_of_another_repo() throws Exception {
    Path secret = tmp.resolve("models--acme--secret/blobs").resolve(file.getFileName());
    Files.createDirectories(secret.getParent());
    Files.write(secret, CONTENT);
    Files.createSymbolicLink(file, secret);
    assertThat(isUsed()).as("a blob").isFalse();
    Files.delete(file);
    Files.delete(file.getParent());
    Files.createSymbolicLink(file.getParent(), secret.getParent());
    assertThat(isUsed()).as("all blobs").isFalse();
    Files.delete(file.getParent());
    Files.delete(file.getParent().getParent());
    Files.createSymbolicLink(file.getParent().getParent(), secret.getParent().getParent());
    assertThat(isUsed()).as("the repo").isFalse();

    Files.delete(file.getParent().getParent());
    Path shared = tmp.resolve("blobs/ab").resolve(file.getFileName());
    Files.createDirectories(shared.getParent());
    Files.write(shared, CONTENT);
    Files.createDirectories(file.getParent());
    Files.createSymbolicLink(file, shared);
    assertThat(isUsed()).as("as huggingface_hub 2.x shares them").isTrue();
  }

  /** Waits for a call that must return, as a request does. */
  private static <T> T inTime(Callable<T> call) throws Exception {
    return CompletableFuture.supplyAsync(
            () -> {
              try {
                return call.call();
              } catch (Exception e) {
                throw new CompletionException(e);
              }
            })
        .get(20, TimeUnit.SECONDS);
  }

  private SeedFolders hangingSoon(FaultyFileSystem disk) {
    GuardedFolder folder = new GuardedFolder(disk.of(tmp), Duration.ofSeconds(3));
    return new SeedFolders(List.of(folder), nanos::get, 1_000_000);
  }

  private static boolean isUsed(SeedFolders of) {
    Optional<SeedBlobs.Seed> seed = of.open(REPO, BLOB, Duration.ofSeconds(5));
    seed.ifPresent(SeedBlobs.Seed::close);
    return seed.isPresent();
  }

  @Test
  void a_file_that_cannot_be_opened_because_its_share_hangs_is_not_waited_for() throws Exception {
    Files.write(file, CONTENT);
    FaultyFileSystem disk = new FaultyFileSystem(tmp);
    SeedFolders hanging = hangingSoon(disk);
    assertThat(isUsed(hanging)).isTrue();
    CountDownLatch gate = new CountDownLatch(1);
    disk.hang(FaultyFileSystem.Call.OPEN, BLOB.digest().hex(), gate);

    assertThat(inTime(() -> isUsed(hanging))).isFalse();
    assertThat(hanging.mayOffer(REPO, BLOB)).as("it counts as not mounted").isFalse();
    gate.countDown();
    await().until(() -> isUsed(hanging));
  }

  @Test
  void a_copy_is_broken_off_when_its_share_hangs_and_the_file_is_used_after_that()
      throws Exception {
    Files.write(file, CONTENT);
    FaultyFileSystem disk = new FaultyFileSystem(tmp);
    SeedFolders hanging = hangingSoon(disk);
    CountDownLatch gate = new CountDownLatch(1);
    try (SeedBlobs.Seed seed = hanging.open(REPO, BLOB, Duration.ofSeconds(5)).orElseThrow()) {
      disk.hang(FaultyFileSystem.Call.ATTRIBUTES, BLOB.digest().hex(), gate);
      assertThatThrownBy(() -> inTime(() -> seed.read(ByteBuffer.allocate(10), 0)))
          .hasRootCauseInstanceOf(SeedBlobs.InterruptedSeedException.class);
    }
    assertThat(hanging.isVerifying(REPO, BLOB)).isFalse();
    gate.countDown();
    await().until(() -> isUsed(hanging));
  }

  /** The call that hung may write to the buffer of the file when it returns. */
  @Test
  void a_copy_that_was_broken_off_gives_no_more_bytes() throws Exception {
    Files.write(file, CONTENT);
    FaultyFileSystem disk = new FaultyFileSystem(tmp);
    SeedFolders hanging = hangingSoon(disk);
    CountDownLatch gate = new CountDownLatch(1);
    try (SeedBlobs.Seed seed = hanging.open(REPO, BLOB, Duration.ofSeconds(5)).orElseThrow()) {
      disk.hang(FaultyFileSystem.Call.ATTRIBUTES, BLOB.digest().hex(), gate);
      assertThatThrownBy(() -> inTime(() -> seed.read(ByteBuffer.allocate(10), 0)))
          .hasRootCauseInstanceOf(SeedBlobs.InterruptedSeedException.class);
      gate.countDown();
      await().until(() -> isUsed(hanging));
      assertThatThrownBy(() -> seed.read(ByteBuffer.allocate(10), 0))
          .isInstanceOf(SeedBlobs.InterruptedSeedException.class);
    }
  }

  @Test
  void a_folder_that_hangs_keeps_no_file_of_another_from_being_verified() throws Exception {
    FaultyFileSystem disk = new FaultyFileSystem(tmp);
    CountDownLatch gate = new CountDownLatch(1);
    Path other = tmp.resolve("other");
    Path copy = other.resolve("models--acme--tiny/blobs").resolve(file.getFileName());
    Files.createDirectories(copy.getParent());
    Files.write(copy, CONTENT);
    // Its calls may take long, so that it is not left out.
    SeedFolders both =
        new SeedFolders(
            List.of(
                new GuardedFolder(disk.of(tmp), Duration.ofMinutes(1)), new GuardedFolder(other)),
            nanos::get,
            1_000_000);
    disk.hang(FaultyFileSystem.Call.OPEN, "", gate);
    for (int i = 0; i < 20; i++) {
      byte[] content = TestBlobs.bytes(100 + i, 50);
      BlobId blob = TestBlobs.sha256(content);
      Files.write(file.resolveSibling(blob.digest().hex()), content);
      assertThat(both.open(REPO, blob, Duration.ZERO)).isEmpty();
    }
    await().until(() -> disk.hanging() >= 8);

    assertThat(inTime(() -> openedFrom(both))).isEqualTo(copy);
    gate.countDown();
  }

  private void rewrite(byte[] content, FileTime modified) throws Exception {
    Object before = Files.getAttribute(file, "unix:ctime");
    // The clock of a file system ticks every few milliseconds.
    do {
      Files.write(file, content, StandardOpenOption.WRITE);
      Files.setLastModifiedTime(file, modified);
    } while (Files.getAttribute(file, "unix:ctime").equals(before));
  }

  @Test
  void a_file_that_is_changed_while_it_is_read_gives_no_other_bytes() throws Exception {
    Files.write(file, CONTENT);
    FileTime modified = Files.getLastModifiedTime(file);
    byte[] wrong = CONTENT.clone();
    wrong[7] ^= 1;
    try (SeedBlobs.Seed seed = seeds.open(REPO, BLOB, Duration.ofSeconds(5)).orElseThrow()) {
      rewrite(wrong, modified);
      assertThatThrownBy(() -> seed.read(ByteBuffer.allocate(10), 0))
          .isInstanceOf(SeedBlobs.InterruptedSeedException.class);
    }
    rewrite(CONTENT, modified);
    assertThat(isUsed()).as("nothing was wrong with it").isTrue();
  }

  /** As {@code rsync --inplace --times} does. */
  @Test
  void new_content_of_the_same_size_and_time_is_verified_anew() throws Exception {
    Files.write(file, CONTENT);
    assertThat(isUsed()).isTrue();
    rewrite(new byte[CONTENT.length], Files.getLastModifiedTime(file));
    assertThat(isUsed()).isFalse();
  }

  @Test
  void a_file_in_place_of_a_folder_is_no_reason_to_wait_for_a_minute() throws Exception {
    Path repo = file.getParent().getParent();
    Files.delete(file.getParent());
    Files.write(file.getParent(), new byte[1]);
    assertThat(isUsed()).as("in place of all blobs").isFalse();
    Files.delete(file.getParent());
    Files.delete(repo);
    Files.write(repo, new byte[1]);
    assertThat(isUsed()).as("in place of the repo").isFalse();

    Files.delete(repo);
    Files.createDirectories(file.getParent());
    Files.write(file, CONTENT);
    assertThat(isUsed()).isTrue();
  }

  @Test
  void an_error_of_the_whole_share_is_held_against_no_file() throws Exception {
    Files.write(file, CONTENT);
    FaultyFileSystem disk = new FaultyFileSystem(tmp);
    SeedFolders faulty = folders(disk.of(tmp));
    for (String error : List.of("Stale file handle", "Input/output error", "Permission denied")) {
      disk.set((_, path) -> {
        throw new FileSystemException(path.toString(), null, error);
      });
      assertThat(isUsed(faulty)).isFalse();
      assertThat(faulty.mayOffer(REPO, BLOB)).isFalse();
      disk.set((_, _) -> {});
      assertThat(isUsed(faulty)).as("mounted again after: " + error).isTrue();
    }
  }

  @Test
  void a_file_that_is_removed_while_it_is_looked_at_is_used_once_it_is_back() throws Exception {
    Files.write(file, CONTENT);
    FaultyFileSystem disk = new FaultyFileSystem(tmp);
    SeedFolders faulty = folders(disk.of(tmp));
    disk.set((call, path) -> {
      if (call == FaultyFileSystem.Call.ATTRIBUTES && path.equals(file)) {
        Files.deleteIfExists(file);
      }
    });
    assertThat(isUsed(faulty)).isFalse();
    disk.set((_, _) -> {});
    Files.write(file, CONTENT);
    assertThat(isUsed(faulty)).isTrue();
  }
}
