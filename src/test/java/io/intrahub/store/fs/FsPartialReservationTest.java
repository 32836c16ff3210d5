package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.piece;
import static io.intrahub.store.TestBlobs.put;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Room that is set aside for a blob is given back, and not before nobody wants it. */
final class FsPartialReservationTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-24T10:00:00Z"), ZoneOffset.UTC);
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final byte[] CONTENT = bytes(1, 9 * PartialBlob.PIECE + 70);
  private static final BlobId BLOB = sha256(CONTENT);

  @TempDir Path folder;

  private FsStore store;

  private void open(TestDisk disk) throws StoreException {
    store = FsStore.open(folder, CLOCK, DiskBudgetSettings.DEFAULT, disk, new Random(1));
  }

  private PartialBlob write() throws IOException {
    return store.scratch().write(everybody(REPO, BLOB));
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void whatever_goes_wrong_when_it_is_put_away_room_and_name_are_given_back() throws Exception {
    TestDisk disk =
        new TestDisk(folder) {
          @Override
          public void forceFolder(Path path) throws IOException {
            if (path.getFileName().toString().startsWith("sha256-")) {
              throw new IllegalStateException("a fault of the program");
            }
            super.forceFolder(path);
          }
        };
    open(disk);
    try (PartialBlob partial = write()) {
      partial.reserve(BLOB.size());
      put(partial, CONTENT, 0);
    }
    assertThat(store.usage().reserved()).isZero();
    assertThat(store.usage().writers()).isZero();
    assertThat(disk.openFiles()).isZero();
    // Nobody knows what is on the disk, so nothing of it is believed.
    try (PartialBlob again = write()) {
      assertThat(again.found()).isEqualTo(new BitSet());
    }
  }

  /** The blob can't take both, so room for it is set aside once. It is no less the second one's. */
  @Test
  void what_one_has_taken_over_from_another_stays_set_aside_when_that_one_ends() throws Exception {
    open(new TestDisk(folder));
    try (PartialBlob partial = write()) {
      partial.reserve(BLOB.size());
      long rest = BLOB.size() - 3 * PartialBlob.PIECE;
      partial.reserve(rest);
      assertThat(store.usage().reserved()).isEqualTo(BLOB.size());
      for (int piece = 0; piece < 3; piece++) {
        put(partial, CONTENT, piece);
      }

      partial.unreserve(rest);

      assertThat(store.usage().reserved()).isEqualTo(rest);
      put(partial, CONTENT, 3);
      partial.unreserve(rest - PartialBlob.PIECE);
      assertThat(store.usage().reserved()).isZero();
    }
  }
}
