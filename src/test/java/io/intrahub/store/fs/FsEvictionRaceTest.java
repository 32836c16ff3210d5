package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.piece;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.put;
import static io.intrahub.store.TestBlobs.read;
import static io.intrahub.store.TestBlobs.readAll;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.StoreUsage;
import io.intrahub.store.StoredBlob;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Eviction while others open and publish, and while the disk fails. */
final class FsEvictionRaceTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");

  /** Large enough to be read from the file. */
  private static final int SIZE = 70_000;

  private static final DiskBudgetSettings FIVE_BLOBS = new DiskBudgetSettings(5L * SIZE, 0, 90, 60);

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private final SettableClock clock = new SettableClock();

  private static BlobId blob(int number) {
    return number % 3 == 0 ? gitSha1(bytes(number, SIZE)) : sha256(bytes(number, SIZE));
  }

  private FsStore open(Path data, Disk disk) throws Exception {
    return FsStore.open(data, clock, FIVE_BLOBS, disk, new Random(1));
  }

  private static void assertCounted(Path data, FsStore store) throws IOException {
    assertThat(store.usage().bytes()).isEqualTo(FsEvictionTest.bytesOnDisk(data));
    assertThat(store.usage().reserved() + store.usage().unpublished()).isZero();
  }

  /** Four threads on nine blobs of which five fit: what is open reads right to its end. */
  private interface Work {
    int with(Random random) throws Exception;
  }

  /** Four at work, and a fifth that looks after the store meanwhile. Returns what was published. */
  private static int race(FsStore store, ExecutorService threads, long seed, Work work)
      throws Exception {
    List<Future<Integer>> all = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      Random random = new Random(seed * 31 + t);
      all.add(threads.submit(() -> work.with(random)));
    }
    all.add(
        threads.submit(() -> {
          for (int i = 0; i < 10; i++) {
            store.scan();
            store.tidy();
          }
          return 0;
        }));
    int published = 0;
    for (Future<Integer> one : all) {
      published += one.get();
    }
    return published;
  }

  @Tag("slow")
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void nobody_reads_a_wrong_byte_and_nothing_open_breaks(long seed) throws Exception {
    Path data = folder.resolve("data");
    TestDisk disk = new TestDisk(data);
    try (FsStore store = open(data, disk);
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      int published = race(store, threads, seed, random -> work(store, random, 150));
      assertThat(published).isGreaterThan(20);
      assertThat(store.usage().evictedBlobs()).isGreaterThan(10);
      assertThat(store.usage().bytes()).isLessThanOrEqualTo(5L * SIZE);
      assertCounted(data, store);
      assertThat(disk.openFiles()).isZero();
    }
  }

  /** Number of blobs published. */
  private static int work(FsStore store, Random random, int steps) throws IOException {
    int published = 0;
    for (int i = 0; i < steps; i++) {
      int number = random.nextInt(9);
      BlobId blob = blob(number);
      Optional<StoredBlob> open = store.published().open(everybody(REPO, blob));
      if (open.isPresent()) {
        try (StoredBlob stored = open.get()) {
          if (random.nextBoolean()) {
            store.tidy();
          }
          assertThat(readAll(stored)).isEqualTo(bytes(number, SIZE));
          assertThat(store.published().contains(everybody(REPO, blob))).isTrue();
        }
        continue;
      }
      try {
        if (publish(store, REPO, blob, bytes(number, SIZE)) == PartialBlob.Verdict.PUBLISHED) {
          published++;
        }
      } catch (IOException e) {
        // All in use, or another thread has it open: both are told.
        assertThat(e).hasMessageMatching("(?s).*(no space in the store|is open already).*");
      }
    }
    return published;
  }

  private static final int LARGE = 5 * PartialBlob.PIECE - 1000;

  private static final List<BlobId> LARGE_BLOBS =
      IntStream.range(0, 6)
          .mapToObj(i -> i % 3 == 0 ? gitSha1(bytes(i, LARGE)) : sha256(bytes(i, LARGE)))
          .toList();

  /** Four threads on six blobs that come in pieces, of which three fit. */
  @Tag("slow")
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void nobody_finds_a_wrong_piece_and_nothing_open_loses_one(long seed) throws Exception {
    Path data = folder.resolve("data");
    TestDisk disk = new TestDisk(data);
    DiskBudgetSettings settings = new DiskBudgetSettings(3L * LARGE, 0, 90, 60);
    try (FsStore store = FsStore.open(data, clock, settings, disk, new Random(1));
        ExecutorService threads = Executors.newFixedThreadPool(5)) {
      int published = race(store, threads, seed, random -> gather(store, random, 60));
      assertThat(published).isPositive();
      assertThat(store.usage().evictedBlobs()).isPositive();
      assertThat(store.usage().used()).isLessThanOrEqualTo(3L * LARGE);
      assertCounted(data, store);
      StoreUsage usage = store.usage();
      store.scan();
      assertThat(store.usage().partials()).isEqualTo(usage.partials());
      assertThat(store.usage().partialBytes()).isEqualTo(usage.partialBytes());
      assertThat(disk.openFiles()).isZero();
    }
  }

  /** Adds a few pieces to one blob after the other. Number of blobs published. */
  private static int gather(FsStore store, Random random, int steps) throws IOException {
    int published = 0;
    for (int step = 0; step < steps; step++) {
      int number = random.nextInt(6);
      BlobId blob = LARGE_BLOBS.get(number);
      byte[] content = bytes(number, LARGE);
      try (PartialBlob partial = store.scratch().write(everybody(REPO, blob))) {
        BitSet there = partial.found();
        for (int count = random.nextInt(4); count > 0 && there.cardinality() < 5; count--) {
          int next = there.nextClearBit(0);
          partial.reserve(piece(content, next).length);
          put(partial, content, next);
          there.set(next);
        }
        for (int i = there.nextSetBit(0); i >= 0; i = there.nextSetBit(i + 1)) {
          assertThat(Arrays.equals(piece(partial, LARGE, i), piece(content, i))).isTrue();
        }
        if (there.cardinality() == 5) {
          partial.hash(LARGE);
          assertThat(partial.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
          published++;
          store.tidy();
          assertThat(store.published().contains(everybody(REPO, blob))).isTrue();
        }
      } catch (IOException e) {
        assertThat(e).hasMessageMatching("(?s).*(no space in the store|is open already).*");
      }
    }
    return published;
  }

  /**
   * A store of four blobs, one of them open; then a fifth comes.
   *
   * @return whether the fault came to pass, and nobody was told
   */
  private boolean evictWith(TestDisk disk, FsStore store, int n, TestDisk.Fault fault)
      throws IOException {
    for (int i = 1; i <= 4; i++) {
      clock.pass(Duration.ofSeconds(1));
      publish(store, REPO, blob(i), bytes(i, SIZE));
    }
    CommitHash commit = new CommitHash("1".repeat(40));
    TestRepos.putManifest(store.repos(), REPO, commit, List.of(), true);
    Observation<CommitHash> observed = new Observation<>(commit, clock.instant());
    store.repos().putRevision(REPO, Revision.DEFAULT, observed);
    try (StoredBlob open = store.published().open(everybody(REPO, blob(1))).orElseThrow()) {
      disk.fail(n, fault);
      publish(store, REPO, blob(5), bytes(5, SIZE));
      boolean failed = disk.failed();
      disk.fail(Integer.MAX_VALUE, TestDisk.Fault.NONE);
      assertThat(readAll(open)).isEqualTo(bytes(1, SIZE));
      return failed;
    }
  }

  private void assertWorks(Path data) throws Exception {
    try (FsStore store = open(data, new TestDisk(data))) {
      assertThat(store.published().contains(everybody(REPO, blob(1)))).as("was open").isTrue();
      store.scan();
      assertThat(FsStoreTest.leftovers(data)).isEmpty();
      assertCounted(data, store);
      for (int i = 1; i <= 5; i++) {
        Optional<byte[]> found = read(store, REPO, blob(i));
        if (found.isPresent()) {
          assertThat(found.get()).isEqualTo(bytes(i, SIZE));
        }
      }
      for (int i = 6; i <= 12; i++) {
        clock.pass(Duration.ofSeconds(1));
        publish(store, REPO, blob(i), bytes(i, SIZE));
        assertThat(read(store, REPO, blob(i))).isPresent();
      }
      assertCounted(data, store);
      assertThat(store.usage().bytes()).isLessThanOrEqualTo(5L * SIZE);
    }
  }

  @Tag("slow")
  @Test
  void a_call_that_fails_during_an_eviction_hurts_nothing_else() throws Exception {
    boolean failed = true;
    int rounds = 0;
    for (int n = 1; failed; n++) {
      Path data = folder.resolve("data" + n);
      TestDisk disk = new TestDisk(data);
      try (FsStore store = open(data, disk)) {
        try {
          failed = evictWith(disk, store, n, TestDisk.Fault.IO_ERROR);
        } catch (IOException e) {
          assertThat(disk.failed()).isTrue();
        }
        disk.fail(Integer.MAX_VALUE, TestDisk.Fault.NONE);
        assertCounted(data, store);
        assertThat(store.usage().writers()).isZero();
        assertThat(read(store, REPO, blob(1))).hasValue(bytes(1, SIZE));
      }
      assertWorks(data);
      assertThat(n).isLessThan(100);
      rounds = n;
    }
    assertThat(rounds).isGreaterThan(15);
  }

  @Tag("slow")
  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void a_power_cut_at_any_call_of_an_eviction_needs_no_hand(long seed) throws Exception {
    Random random = new Random(seed);
    boolean killed = true;
    for (int n = 1; killed; n++) {
      Path data = folder.resolve("cut" + n);
      Path backups = Files.createDirectory(folder.resolve("backups" + n));
      PowerCutDisk disk = new PowerCutDisk(data, backups, random);
      FsStore store = open(data, disk);
      try {
        evictWith(disk, store, n, TestDisk.Fault.KILLED);
        killed = false;
        store.close();
      } catch (TestDisk.Killed e) {
        store.release();
      }
      disk.cut();
      assertWorks(data);
      assertThat(n).isLessThan(100);
    }
  }
}
