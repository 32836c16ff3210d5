package io.intrahub.store.fs;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.SeedBlobs;
import io.intrahub.store.TestBlobs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
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
    seeds = new SeedFolders(List.of(tmp), nanos::get);
  }

  private boolean isUsed() {
    Optional<SeedBlobs.Seed> seed = seeds.open(REPO, BLOB, Duration.ofSeconds(5));
    seed.ifPresent(SeedBlobs.Seed::close);
    return seed.isPresent();
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
    // As a failing disk does: the file looks the same.
    byte[] wrong = CONTENT.clone();
    wrong[7] ^= 1;
    Files.write(file, wrong);
    Files.setLastModifiedTime(file, time);
    seeds.reject(REPO, BLOB);

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
}
