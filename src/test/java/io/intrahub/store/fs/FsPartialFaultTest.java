package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.piece;
import static io.intrahub.store.TestBlobs.put;
import static io.intrahub.store.TestBlobs.read;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.BitSet;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The life of a blob that comes in pieces and is opened twice, with a fault at its first call to
 * the disk, at its second, and so on, until it passes without one.
 */
final class FsPartialFaultTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-24T10:00:00Z"), ZoneOffset.UTC);
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final byte[] CONTENT = bytes(1, 4 * PartialBlob.PIECE + 700);
  private static final int PIECES = 5;

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private FsStore open(Path data, Disk disk) throws Exception {
    return FsStore.open(data, CLOCK, DiskBudgetSettings.DEFAULT, disk, new Random(1));
  }

  private PowerCutDisk disk(int n, Random random) throws Exception {
    Path data = folder.resolve("data" + n);
    open(data, new TestDisk(data)).close();
    Path backups = Files.createDirectory(folder.resolve("backups" + n));
    return new PowerCutDisk(data, backups, random);
  }

  /** What a life has got to, by the word of the store. */
  private static final class Life {
    private final BlobId blob;
    private final BitSet marked = new BitSet();
    private BitSet synced = new BitSet();
    private boolean syncFailed;
    private boolean published;

    Life(boolean git) {
      this.blob = git ? gitSha1(CONTENT) : sha256(CONTENT);
    }

    void run(FsStore store) throws Exception {
      try (PartialBlob partial = store.scratch().write(everybody(REPO, blob))) {
        partial.reserve(blob.size());
        write(partial, 3);
        write(partial, 0);
        sync(partial);
        write(partial, 4);
        partial.write(ByteBuffer.wrap(CONTENT, PartialBlob.PIECE, 1000), PartialBlob.PIECE);
      }
      try (PartialBlob partial = store.scratch().write(everybody(REPO, blob))) {
        check(partial, true);
        partial.reserve(blob.size());
        write(partial, 2);
        sync(partial);
        if (!marked.get(1)) {
          write(partial, 1);
        }
        for (int i = 0; i < PIECES; i++) {
          if (!partial.found().get(i) && !marked.get(i)) {
            write(partial, i);
          }
        }
        partial.hash(blob.size());
        try {
          assertThat(partial.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
          published = true;
        } catch (IOException e) {
          syncFailed = true;
          throw e;
        }
      }
    }

    private void write(PartialBlob partial, int piece) throws Exception {
      put(partial, CONTENT, piece);
      marked.set(piece);
    }

    private void sync(PartialBlob partial) throws Exception {
      try {
        partial.sync();
      } catch (IOException e) {
        syncFailed = true;
        throw e;
      }
      synced = (BitSet) marked.clone();
    }

    /** No piece is wrong, and those of which that was promised are there. */
    private void check(PartialBlob partial, boolean sameBoot) throws Exception {
      BitSet found = partial.found();
      for (int i = found.nextSetBit(0); i >= 0; i = found.nextSetBit(i + 1)) {
        assertThat(piece(partial, blob.size(), i)).as("piece %d", i).isEqualTo(piece(CONTENT, i));
      }
      BitSet missing = (BitSet) (sameBoot ? marked : synced).clone();
      missing.andNot(found);
      assertThat(missing).as("lost").isEqualTo(new BitSet());
    }
  }

  /** What is there is right, what was promised is there, and the blob can be finished. */
  private void assertRecovers(Life life, FsStore store, boolean sameBoot) throws Exception {
    Optional<byte[]> there = read(store, REPO, life.blob);
    if (there.isPresent()) {
      assertThat(there.get()).isEqualTo(CONTENT);
    } else {
      assertThat(life.published).isFalse();
      try (PartialBlob partial = store.scratch().write(everybody(REPO, life.blob))) {
        life.check(partial, sameBoot);
      }
    }
    try (PartialBlob partial = store.scratch().write(everybody(REPO, life.blob))) {
      for (int i = 0; i < PIECES; i++) {
        if (!partial.found().get(i)) {
          put(partial, CONTENT, i);
        }
      }
      partial.hash(life.blob.size());
      assertThat(partial.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
    }
    assertThat(read(store, REPO, life.blob)).hasValue(CONTENT);
  }

  private void assertClean(FsStore store, TestDisk disk, Path data) throws Exception {
    store.scan();
    assertThat(disk.openFiles()).isZero();
    assertThat(store.usage().writers()).isZero();
    assertThat(store.usage().reserved()).isZero();
    assertThat(store.usage().partials()).isZero();
    assertThat(FsStoreTest.leftovers(data)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @Tag("slow")
  void a_call_that_fails_costs_no_more_than_it_must(boolean git) throws Exception {
    Random random = new Random(2);
    boolean failed = true;
    for (int n = 1; failed; n++) {
      PowerCutDisk disk = disk(n, random);
      Path data = folder.resolve("data" + n);
      Life life = new Life(git);
      FsStore store = open(data, disk);
      disk.fail(n, n % 2 == 0 ? TestDisk.Fault.IO_ERROR : TestDisk.Fault.DISK_FULL);
      try {
        life.run(store);
      } catch (IOException e) {
        assertThat(disk.failed()).isTrue();
      } catch (AssertionError e) {
        // Pieces that a close could not force, or a map that could not be read, are not found.
        assertThat(disk.failedCall()).as(e.getMessage()).matches("(fsync|close|read) .*");
      }
      String call = disk.failedCall();
      failed = disk.failed();
      disk.fail(Integer.MAX_VALUE, TestDisk.Fault.NONE);
      // Forcing is never tried again, and a map that can't be read is not believed.
      boolean costly = call.matches("(fsync|close|read) .*");
      if (costly) {
        life.marked.clear();
      }
      if (call.startsWith("fsync " + data.resolve("partial")) && life.syncFailed && !git) {
        try (PartialBlob partial = store.scratch().write(everybody(REPO, life.blob))) {
          assertThat(partial.found()).as("after %s", call).isEqualTo(new BitSet());
        }
      }
      try {
        assertRecovers(life, store, true);
      } catch (AssertionError e) {
        throw new AssertionError("after a fault at " + call, e);
      }
      assertClean(store, disk, data);
      store.close();
      assertThat(n).isLessThan(500);
    }
  }

  @Tag("slow")
  @ParameterizedTest
  @CsvSource({"false, 1", "true, 1", "false, 2", "true, 2"})
  void a_kill_at_any_call_loses_nothing_that_was_marked(boolean git, int runs) throws Exception {
    Random random = new Random(3);
    boolean killed = true;
    for (int n = 1; killed; n++) {
      PowerCutDisk disk = disk(n, random);
      Life life = new Life(git);
      killed = runUntilKilled(n, disk, life, runs);
      assertRecovered(n, life, Optional.of("the first boot"), true);
    }
  }

  @Tag("slow")
  @ParameterizedTest
  @CsvSource({"false, 4", "true, 4", "false, 5", "true, 5", "false, 6"})
  void a_power_cut_at_any_call_loses_nothing_that_was_synced(boolean git, long seed)
      throws Exception {
    Random random = new Random(seed);
    boolean killed = true;
    for (int n = 1; killed; n++) {
      PowerCutDisk disk = disk(n, random);
      Life life = new Life(git);
      killed = runUntilKilled(n, disk, life, 1);
      disk.cut();
      // A system that does not tell is not trusted either.
      boolean tells = random.nextBoolean();
      assertRecovered(n, life, tells ? Optional.of("the second boot") : Optional.empty(), false);
    }
  }

  /**
   * The kill leaves the name in a folder that was not forced, and the next process drops pieces.
   */
  @Tag("slow")
  @ParameterizedTest
  @CsvSource({"false, false", "true, false", "false, true", "true, true"})
  void a_kill_during_a_publish_and_then_a_power_cut_cost_no_more_than_each(
      boolean git, boolean byWalk) throws Exception {
    boolean killed = true;
    int published = 0;
    for (int n = 1; killed; n++) {
      // It loses all names that were not forced.
      PowerCutDisk disk = disk(n, new MostRandom());
      Path data = folder.resolve("data" + n);
      Life life = new Life(git);
      killed = runUntilKilled(n, disk, life, 1);
      disk.revive();
      BitSet there = (BitSet) life.synced.clone();
      FsStore store = open(data, disk);
      if (read(store, REPO, life.blob).isPresent()) {
        published++;
      }
      if (byWalk) {
        store.scan();
      } else {
        store.scratch().write(everybody(REPO, life.blob)).close();
      }
      store.release();
      disk.cut();

      TestDisk after = new TestDisk(data);
      after.boot = Optional.of("the second boot");
      life.synced = there;
      try (FsStore again = open(data, after)) {
        assertRecovers(life, again, false);
      } catch (AssertionError e) {
        throw new AssertionError("killed at call " + n, e);
      }
    }
    assertThat(published).isPositive();
  }

  /** Always the most that it is asked for. */
  private static final class MostRandom extends Random {
    private static final long serialVersionUID = 1L;

    @Override
    public int nextInt(int bound) {
      return bound - 1;
    }
  }

  private boolean runUntilKilled(int n, PowerCutDisk disk, Life life, int runs) throws Exception {
    FsStore store = open(folder.resolve("data" + n), disk);
    disk.fail(n, TestDisk.Fault.KILLED);
    try {
      life.run(store);
      if (runs > 1) {
        // Killed in what follows: the blob is published already.
        life.marked.clear();
        life.run(store);
      }
      store.close();
      return false;
    } catch (TestDisk.Killed e) {
      store.release();
      return true;
    }
  }

  private void assertRecovered(int n, Life life, Optional<String> boot, boolean sameBoot)
      throws Exception {
    Path data = folder.resolve("data" + n);
    TestDisk disk = new TestDisk(data);
    disk.boot = boot;
    try (FsStore store = open(data, disk)) {
      // Before or after the walk is the same.
      if (n % 2 == 0) {
        store.scan();
      }
      assertRecovers(life, store, sameBoot);
      assertClean(store, disk, data);
    }
  }
}
