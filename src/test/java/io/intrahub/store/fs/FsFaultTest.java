package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.read;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.TestGrants;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.AnswerWriter;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.ManifestWriter;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.Store;
import io.intrahub.store.StoreException;
import io.intrahub.store.StoredAnswer;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One working day of a store, with a fault at its first call to the disk, at its second, and so on,
 * until it passes without one.
 */
final class FsFaultTest {
  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");
  private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);
  private static final CommitHash COMMIT = new CommitHash("c".repeat(40));

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  /** The store of the present round. */
  private Path data;

  /** What was promised to survive: checks that are run after the store is opened again. */
  private interface Promise {
    void check(Store store) throws IOException;
  }

  private FsStore open(Disk disk) throws StoreException {
    return FsStore.open(data, CLOCK, DiskBudgetSettings.DEFAULT, disk, new Random(1));
  }

  /** Each round has a store of its own that was started once. */
  private void newFolder(int n) throws StoreException {
    data = folder.resolve("data" + n);
    open(disk()).close();
  }

  private TestDisk disk() {
    return new TestDisk(data);
  }

  /** One day, on a repo of its own. */
  private static final class Day {
    private final RepoId repo;
    private final byte[] large;
    private final byte[] small;
    private final byte[] answer;
    private final byte[] largeAnswer;
    private final List<Promise> promises = new ArrayList<>();

    Day(int number) {
      this.repo = new RepoId(RepoType.MODEL, "acme/day-" + number);
      this.large = bytes(number, 150_000);
      this.small = bytes(-number, 700);
      this.answer = bytes(number, 100);
      this.largeAnswer = bytes(number, StoredAnswer.SMALL + 1);
    }

    /** Does everything once; what was acknowledged becomes a promise. */
    void run(Store store) throws IOException {
      publish(store, sha256(large), large);
      publish(store, gitSha1(small), small);
      BlobId other = sha256(small);
      byte[] wrong = small.clone();
      wrong[0] ^= 1;
      publish(store, other, wrong);
      store.repos().remember(TestGrants.open(repo), NOW);
      store.repos().putRevision(repo, Revision.DEFAULT, new Observation<>(COMMIT, NOW));
      promise(s -> s.repos().revision(everybody(repo), Revision.DEFAULT).isPresent());
      putManifest(store);
      putLargeAnswer(store);
      store.repos().putAnswer(repo, COMMIT, "info", new Observation<>(answer, NOW));
      promise(s -> s.repos().answer(everybody(repo), COMMIT, "info").isPresent());
      store.repos().putAlias(repo, new Observation<>(repo, NOW));
      promise(s -> s.repos().alias(repo).isPresent());
      store.repos().forget(TestGrants.open(repo));
      promise(s -> s.repos().confirmedAt(TestGrants.open(repo)).isEmpty());
      read(store, repo, sha256(large));
    }

    /** More entries than fit in the budget, so that they are sorted on the disk. */
    private void putManifest(Store store) {
      MemoryBudget budget = new MemoryBudget(4 * 320 * 1024, Duration.ZERO);
      try (MemoryBudget.Reservation memory = budget.reservation("day");
          ManifestWriter writer = store.repos().newManifest(repo, COMMIT, memory)) {
        for (ManifestEntry entry : entries()) {
          writer.add(entry);
        }
        writer.commit(true);
        promise(s -> s.repos().manifest(everybody(repo), COMMIT).isPresent());
      } catch (IOException e) {
        // It was not acknowledged.
      }
      assertThat(budget.usage().used()).isZero();
    }

    private void putLargeAnswer(Store store) {
      try (MemoryBudget.Reservation memory = TestRepos.budget().reservation("day");
          AnswerWriter writer = store.repos().newAnswer(repo, COMMIT, "large", memory)) {
        writer.write(largeAnswer);
        writer.commit(NOW);
        promise(s -> s.repos().answer(everybody(repo), COMMIT, "large").isPresent());
      } catch (IOException e) {
        // It was not acknowledged.
      }
    }

    private void promise(Predicate<Store> check) {
      promises.add(s -> assertThat(s).matches(check));
    }

    private void publish(Store store, BlobId blob, byte[] content) throws IOException {
      try (PartialBlob partial = store.scratch().write(everybody(repo, blob))) {
        partial.reserve(content.length);
        partial.write(ByteBuffer.wrap(content, 0, content.length / 2), 0);
        partial.write(
            ByteBuffer.wrap(content, content.length / 2, content.length / 2), content.length / 2);
        partial.hash(content.length);
        if (partial.publish() == PartialBlob.Verdict.PUBLISHED) {
          promises.add(s -> assertThat(read(s, repo, blob)).hasValue(content));
        }
      }
    }

    private List<ManifestEntry> entries() {
      List<ManifestEntry> entries = new ArrayList<>();
      for (int i = 0; i < 25; i++) {
        entries.add(
            new ManifestEntry(
                new Entry(
                    Entry.Kind.FILE,
                    // In no order, so that several runs have to be merged.
                    new FilePath("dir/file" + i * 7 % 25),
                    "%040x".formatted(i),
                    i,
                    Optional.empty()),
                "x".repeat(16_000)));
      }
      return entries;
    }

    /** Whatever is there is right, whether it was acknowledged or not. */
    void checkSafety(Store store) throws IOException {
      for (BlobId blob : List.of(sha256(large), gitSha1(small), sha256(small))) {
        Optional<byte[]> found = read(store, repo, blob);
        if (found.isPresent()) {
          assertThat(found.get()).isEqualTo(blob.size() == 700 ? small : large);
        }
      }
      store
          .repos()
          .revision(everybody(repo), Revision.DEFAULT)
          .ifPresent(o -> assertThat(o).isEqualTo(new Observation<>(COMMIT, NOW)));
      TestRepos.answer(store.repos(), everybody(repo), COMMIT, "info")
          .ifPresent(o -> assertThat(o.value()).isEqualTo(answer));
      TestRepos.answer(store.repos(), everybody(repo), COMMIT, "large")
          .ifPresent(o -> assertThat(o.value()).isEqualTo(largeAnswer));
      Optional<Manifest> manifest = store.repos().manifest(everybody(repo), COMMIT);
      if (manifest.isPresent()) {
        List<ManifestEntry> listed = new ArrayList<>();
        manifest.get().list(Optional.empty(), true, listed::add);
        assertThat(listed).hasSameElementsAs(entries());
      }
    }

    /** Everything of an undisturbed day is there. */
    void checkAll(Store store) throws IOException {
      assertThat(read(store, repo, sha256(large))).hasValue(large);
      assertThat(read(store, repo, gitSha1(small))).hasValue(small);
      assertThat(read(store, repo, sha256(small))).isEmpty();
      assertThat(store.repos().revision(everybody(repo), Revision.DEFAULT)).isPresent();
      assertThat(store.repos().answer(everybody(repo), COMMIT, "info")).isPresent();
      assertThat(store.repos().answer(everybody(repo), COMMIT, "large")).isPresent();
      assertThat(store.repos().manifest(everybody(repo), COMMIT)).isPresent();
      assertThat(store.repos().alias(repo)).isPresent();
      assertThat(store.repos().confirmedAt(TestGrants.open(repo))).isEmpty();
    }
  }

  private void nothingIsLeftOf(TestDisk disk, FsStore store) throws IOException {
    assertThat(disk.openFiles()).isZero();
    assertThat(store.usage().writers()).isZero();
    assertThat(store.usage().reserved()).isZero();
  }

  /** The store opens by itself, is clean, holds nothing wrong, and works. */
  private void assertRecovers(Day day, boolean promised) throws Exception {
    TestDisk disk = disk();
    FsStore store = open(disk);
    store.scan();
    try {
      assertThat(store.usage().counted()).isTrue();
      assertThat(FsStoreTest.leftovers(data)).isEmpty();
      day.checkSafety(store);
      if (promised) {
        for (Promise promise : day.promises) {
          promise.check(store);
        }
      }
      day.run(store);
      day.checkAll(store);
      nothingIsLeftOf(disk, store);
    } finally {
      store.close();
    }
  }

  @Tag("slow")
  @Test
  void a_call_that_fails_hurts_nothing_but_itself() throws Exception {
    boolean failed = true;
    for (int n = 1; failed; n++) {
      newFolder(n);
      Day day = new Day(n);
      TestDisk disk = disk();
      disk.fail(n, n % 2 == 0 ? TestDisk.Fault.IO_ERROR : TestDisk.Fault.DISK_FULL);
      FsStore store;
      try {
        store = open(disk);
      } catch (StoreException e) {
        assertThat(e).hasMessageContaining(folder.toString());
        assertThat(disk.openFiles()).as("call %d", n).isZero();
        assertRecovers(day, true);
        continue;
      }
      try {
        day.run(store);
      } catch (IOException e) {
        assertThat(disk.failed()).isTrue();
      }
      nothingIsLeftOf(disk, store);
      // The disk is well again, and so is the store that lived through it.
      failed = disk.failed();
      disk.fail(Integer.MAX_VALUE, TestDisk.Fault.NONE);
      day.checkSafety(store);
      day.run(store);
      day.checkAll(store);
      store.close();
      assertRecovers(day, true);
      assertThat(n).isLessThan(1000);
    }
  }

  @Tag("slow")
  @Test
  void a_kill_at_any_call_needs_no_hand() throws Exception {
    boolean killed = true;
    for (int n = 1; killed; n++) {
      newFolder(n);
      Day day = new Day(n);
      TestDisk disk = disk();
      disk.fail(n, TestDisk.Fault.KILLED);
      killed = runUntilKilled(disk, day);
      assertRecovers(day, true);
      assertThat(n).isLessThan(1000);
    }
  }

  private boolean runUntilKilled(TestDisk disk, Day day) throws Exception {
    FsStore store = null;
    try {
      store = open(disk);
      day.run(store);
      store.close();
      return false;
    } catch (TestDisk.Killed e) {
      if (store != null) {
        store.release();
      }
      return true;
    }
  }

  @Tag("slow")
  @ParameterizedTest
  @ValueSource(longs = {1})
  void a_power_cut_at_any_call_loses_nothing_that_was_acknowledged(long seed) throws Exception {
    Random random = new Random(seed);
    boolean killed = true;
    for (int n = 1; killed; n++) {
      newFolder(n);
      Day day = new Day(n);
      Path backups = Files.createDirectory(folder.resolve("backups" + n));
      PowerCutDisk disk = new PowerCutDisk(data, backups, random);
      disk.fail(n, TestDisk.Fault.KILLED);
      killed = runUntilKilled(disk, day);
      disk.cut();
      assertRecovers(day, true);
    }
  }

  @Test
  void a_first_start_that_dies_anywhere_is_followed_by_one_that_works() throws Exception {
    Random random = new Random(5);
    boolean killed = true;
    int n = 1;
    while (killed) {
      Path root = folder.resolve("start" + n);
      TestDisk disk = new TestDisk(root);
      disk.fail(n, TestDisk.Fault.KILLED);
      try {
        FsStore.open(root, CLOCK, DiskBudgetSettings.DEFAULT, disk, random).close();
        killed = false;
      } catch (TestDisk.Killed e) {
        FsStore.open(root, CLOCK, DiskBudgetSettings.DEFAULT, Runnable::run).close();
      }
      n++;
    }
    assertThat(n).isBetween(20, 200);
  }

  @Test
  void short_writes_are_no_faults() throws Exception {
    newFolder(1);
    TestDisk disk = disk();
    disk.shortWrites = true;
    FsStore store = open(disk);
    Day day = new Day(1);
    day.run(store);
    day.checkAll(store);
    nothingIsLeftOf(disk, store);
    store.close();
    assertRecovers(day, true);
  }
}
