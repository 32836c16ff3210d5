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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.BitSet;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random lives of one blob: pieces, syncs, closings, kills and power cuts one upon the other, on a
 * disk that remembers all along what was forced.
 */
final class FsPartialModelTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final byte[] CONTENT = bytes(1, 12 * PartialBlob.PIECE + 5);
  private static final BlobId BLOB = sha256(CONTENT);
  private static final int PIECES = 13;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void no_life_loses_what_was_promised_or_finds_what_is_not_there(long seed) throws Exception {
    Random random = new Random(seed);
    Path data = folder.resolve("data");
    Path backups = Files.createDirectory(folder.resolve("backups"));
    FsStore.open(data, Clock.systemUTC(), FsStore.Settings.DEFAULT, new TestDisk(data), random)
        .close();
    PowerCutDisk disk = new PowerCutDisk(data, backups, random);
    BitSet marked = new BitSet();
    BitSet synced = new BitSet();
    int boot = 0;
    for (int round = 0; round < 60; round++) {
      disk.boot = Optional.of("boot " + boot);
      FsStore store = FsStore.open(data, Clock.systemUTC(), FsStore.Settings.DEFAULT, disk, random);
      if (random.nextInt(3) == 0) {
        store.survey();
      }
      String what = "round %d of seed %d".formatted(round, seed);
      if (random.nextInt(3) > 0) {
        disk.fail(1 + random.nextInt(60), TestDisk.Fault.KILLED);
      }
      try (PartialBlob partial = store.blobs().write(everybody(REPO), BLOB)) {
        BitSet missing = (BitSet) marked.clone();
        missing.andNot(partial.found());
        assertThat(missing).as(what).isEqualTo(new BitSet());
        check(partial, what);
        marked = partial.found();
        for (int i = random.nextInt(8); i > 0; i--) {
          int piece = random.nextInt(PIECES);
          if (random.nextInt(3) == 0) {
            partial.sync();
            synced = (BitSet) marked.clone();
          } else if (!marked.get(piece)) {
            put(partial, CONTENT, piece);
            marked.set(piece);
          }
        }
      } catch (TestDisk.Killed e) {
        // As it may be.
      }
      boolean killed = disk.failed();
      disk.revive();
      if (!killed) {
        synced = (BitSet) marked.clone();
      }
      store.release();
      if (random.nextInt(3) == 0) {
        disk.cut();
        boot++;
        marked = (BitSet) synced.clone();
      }
      if (marked.cardinality() > PIECES - 2) {
        // Another one, so that there is something left to do.
        discard(data, disk);
        marked = new BitSet();
        synced = new BitSet();
      }
    }
    assertThat(boot).as("seed %d", seed).isGreaterThan(5);
  }

  private static void check(PartialBlob partial, String what) throws IOException {
    BitSet found = partial.found();
    for (int i = found.nextSetBit(0); i >= 0; i = found.nextSetBit(i + 1)) {
      assertThat(piece(partial, BLOB.size(), i))
          .as("piece %d, %s", i, what)
          .isEqualTo(piece(CONTENT, i));
    }
  }

  /** By a claim of another size, as any repo can make it. */
  private static void discard(Path data, PowerCutDisk disk) throws Exception {
    FsStore store =
        FsStore.open(data, Clock.systemUTC(), FsStore.Settings.DEFAULT, disk, new Random(1));
    store.blobs().write(everybody(REPO), new BlobId(BLOB.digest(), BLOB.size() - 1)).close();
    store.release();
  }
}
