package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.TestBlobs;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes that came wrong are gone for good. */
class WrongBytesTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final int SIZE = 6 * PartialBlob.PIECE + 7;

  @TempDir Path root;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void no_power_cut_brings_back_what_was_set_aside(boolean sha256) throws Exception {
    byte[] content = TestBlobs.bytes(1, SIZE);
    BlobId blob = sha256 ? TestBlobs.sha256(content) : TestBlobs.gitSha1(content);
    byte[] wrong = TestBlobs.bytes(2, SIZE);
    Clock clock = Clock.fixed(Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC);
    for (long seed = 1; seed <= 60; seed++) {
      SimStore disk = new SimStore(root, clock, new SplittableRandom(seed));
      PartialBlob partial = disk.open().scratch().write(everybody(REPO, blob));
      partial.write(ByteBuffer.wrap(wrong), 0);
      for (int piece = 0; piece < PartialBlob.pieces(SIZE); piece++) {
        partial.mark(piece);
      }
      partial.sync();
      partial.hash(SIZE);
      assertThat(partial.publish()).isEqualTo(PartialBlob.Verdict.WRONG);
      partial.close();

      disk.cutPower();

      try (PartialBlob again = disk.open().scratch().write(everybody(REPO, blob))) {
        assertThat(again.found().isEmpty()).as("seed %d", seed).isTrue();
      }
      disk.kill();
    }
  }
}
