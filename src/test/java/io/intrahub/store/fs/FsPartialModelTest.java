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
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.BitSet;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Tag;
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

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  @Tag("slow")
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void no_life_loses_what_was_promised_or_finds_what_is_not_there(long seed) throws Exception {
    Random random = new Random(seed);
    Path data = folder.resolve("data");
    Path backups = Files.createDirectory(folder.resolve("backups"));
    FsStore.open(data, Clock.systemUTC(), DiskBudgetSettings.DEFAULT, new TestDisk(data), random)
        .close();
    PowerCutDisk disk = new PowerCutDisk(data, backups, random);
    BitSet marked = new BitSet();
    BitSet synced = new BitSet();
    int boot = 0;
    for (int round = 0; round < 60; round++) {
      disk.boot = Optional.of("boot " + boot);
      FsStore store =
          FsStore.open(data, Clock.systemUTC(), DiskBudgetSettings.DEFAULT, disk, random);
      if (random.nextInt(3) == 0) {
        store.scan();
      }
      String what = "round %d of seed %d".formatted(round, seed);
      if (random.nextInt(3) > 0) {
        disk.fail(1 + random.nextInt(60), TestDisk.Fault.KILLED);
      }
      try (PartialBlob partial = store.scratch().write(everybody(REPO, BLOB))) {
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

  /** So large that each slot of its map fills several sectors of the disk, and can tear. */
  @ParameterizedTest
  @ValueSource(longs = 7)
  @Tag("slow")
  void a_sync_that_is_cut_off_never_hurts_the_one_before(long seed) throws Exception {
    Random random = new Random(seed);
    BlobId huge = new BlobId(BLOB.digest(), 10_000L * PartialBlob.PIECE);
    // Call 6 of a sync writes the slot and 7 forces it; the first after an opening has three more.
    for (int first = 6; first <= 8; first++) {
      for (int cut = 0; cut < 24; cut++) {
        int second = 8 + cut % 3;
        String what = "calls %d and %d, cut %d of seed %d".formatted(first, second, cut, seed);
        Path data = folder.resolve("data-%d-%d".formatted(first, cut));
        Path backups = Files.createDirectory(folder.resolve(data.getFileName() + "-backups"));
        PowerCutDisk disk = new PowerCutDisk(data, backups, random);
        FsStore store = open(data, disk);
        PartialBlob partial = store.scratch().write(everybody(REPO, huge));
        putHuge(partial, 1);
        partial.sync();
        syncAndDie(disk, partial, first, 9000);
        store.release();

        store = open(data, disk);
        partial = store.scratch().write(everybody(REPO, huge));
        assertThat(partial.found().get(1)).as(what).isTrue();
        syncAndDie(disk, partial, second, 5000);
        store.release();

        disk.cut();
        disk.boot = Optional.of("the second boot");
        store = open(data, disk);
        try (PartialBlob after = store.scratch().write(everybody(REPO, huge))) {
          assertThat(after.found().get(1)).as(what).isTrue();
          for (int piece : after.found().stream().toArray()) {
            assertThat(piece(after, huge.size(), piece))
                .as("piece %d, %s", piece, what)
                .isEqualTo(bytes(piece, PartialBlob.PIECE));
          }
        }
        store.close();
      }
    }
  }

  private static FsStore open(Path data, TestDisk disk) throws Exception {
    return FsStore.open(data, Clock.systemUTC(), DiskBudgetSettings.DEFAULT, disk, new Random(1));
  }

  private static void putHuge(PartialBlob partial, int piece) throws IOException {
    partial.write(
        ByteBuffer.wrap(bytes(piece, PartialBlob.PIECE)), (long) piece * PartialBlob.PIECE);
    partial.mark(piece);
  }

  private static void syncAndDie(PowerCutDisk disk, PartialBlob partial, int call, int piece)
      throws IOException {
    disk.fail(call, TestDisk.Fault.KILLED);
    try {
      putHuge(partial, piece);
      partial.sync();
    } catch (TestDisk.Killed e) {
      // As it should be.
    }
    disk.revive();
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
        FsStore.open(data, Clock.systemUTC(), DiskBudgetSettings.DEFAULT, disk, new Random(1));
    store.scratch().write(everybody(REPO, new BlobId(BLOB.digest(), BLOB.size() - 1))).close();
    store.release();
  }
}
