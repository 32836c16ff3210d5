package io.intrahub.store.fs;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.GuardedFolder;
import io.intrahub.store.SeedBlobs;
import io.intrahub.store.TestBlobs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
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
}
