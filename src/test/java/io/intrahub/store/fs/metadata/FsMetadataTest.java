package io.intrahub.store.fs.metadata;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.access.TestGrants;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.FsStoreTest;
import io.intrahub.store.fs.TestDisk;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Records and manifests on a disk that lies, fails or is slow. */
final class FsMetadataTest {
  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final CommitHash COMMIT = new CommitHash("c".repeat(40));
  private static final Revision MAIN = new Revision("main");

  @TempDir Path folder;
  private TestDisk disk;
  private FsStore store;

  @BeforeEach
  void open() throws Exception {
    disk = new TestDisk(folder);
    open(disk);
  }

  private void open(TestDisk with) throws Exception {
    Clock clock = Clock.fixed(NOW, ZoneOffset.UTC);
    store = FsStore.open(folder, clock, DiskBudgetSettings.DEFAULT, with, new Random(1));
  }

  private void reopen() throws Exception {
    store.close();
    open(disk);
  }

  @AfterEach
  void close() throws IOException {
    assertThat(disk.openFiles()).isZero();
    store.close();
  }

  private Path repo(String name) {
    return folder.resolve("repos/models--acme--tiny").resolve(name);
  }

  private static List<ManifestEntry> entries(int count) {
    List<ManifestEntry> entries = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      FilePath path = new FilePath("data/train/part-%07d-of-%07d.parquet".formatted(i, count));
      entries.add(
          new ManifestEntry(
              new Entry(Entry.Kind.FILE, path, "%040x".formatted(i), i, Optional.empty()),
              "{\"type\":\"file\",\"path\":\"" + path + "\",\"size\":" + i + "}"));
    }
    return entries;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void a_record_with_any_change_is_absent(long seed) {
    Random random = new Random(seed);
    Map<String, String> subject = Map.of("kind", "answer", "name", "a=b\n\0%é");
    StoredRecord record = new StoredRecord(subject, NOW, bytes(seed, 300));
    byte[] file = record.encode();
    StoredRecord back = StoredRecord.decode(file).orElseThrow();
    assertThat(back.subject()).isEqualTo(subject);
    assertThat(back.learnedAt()).isEqualTo(NOW);
    assertThat(back.value()).isEqualTo(bytes(seed, 300));
    for (int length = 0; length < file.length; length++) {
      assertThat(StoredRecord.decode(Arrays.copyOf(file, length))).isEmpty();
    }
    assertThat(StoredRecord.decode(Arrays.copyOf(file, file.length + 1))).isEmpty();
    for (int i = 0; i < 2000; i++) {
      byte[] changed = file.clone();
      changed[random.nextInt(file.length)] ^= (byte) (1 << random.nextInt(8));
      assertThat(StoredRecord.decode(changed)).as("seed %d", seed).isEmpty();
      assertThat(StoredRecord.decode(bytes(i, random.nextInt(200)))).isEmpty();
    }
  }

  @Test
  void garbage_in_place_of_a_record_is_absent_and_gone() throws Exception {
    store.repos().putRevision(REPO, MAIN, new Observation<>(COMMIT, NOW));
    store.repos().putRevision(REPO, Revision.DEFAULT, new Observation<>(COMMIT, NOW));
    store.repos().remember(TestGrants.open(REPO), NOW);
    reopen();
    Files.write(repo("refs/main"), new byte[100]);
    Files.write(repo("public"), new byte[0]);
    assertThat(store.repos().revision(everybody(REPO), MAIN)).isEmpty();
    assertThat(store.repos().confirmedAt(TestGrants.open(REPO))).isEmpty();
    assertThat(store.repos().revisions(everybody(REPO))).hasSize(1);
    assertThat(repo("refs/main")).doesNotExist();
    assertThat(repo("public")).doesNotExist();
    store.repos().putRevision(REPO, MAIN, new Observation<>(COMMIT, NOW));
    assertThat(store.repos().revision(everybody(REPO), MAIN)).isPresent();
  }

  @Test
  void a_record_of_another_repo_in_its_place_is_not_believed() throws Exception {
    RepoId other = new RepoId(RepoType.MODEL, "acme/Tiny");
    store.repos().remember(TestGrants.open(other), NOW);
    store.repos().putRevision(other, MAIN, new Observation<>(COMMIT, NOW));
    reopen();
    // So looks a file system that ignores upper and lower case.
    Files.createDirectories(repo("refs"));
    Path from = folder.resolve("repos/models--acme--Tiny");
    Files.copy(from.resolve("public"), repo("public"));
    Files.copy(from.resolve("refs/main"), repo("refs/main"));
    assertThat(store.repos().confirmedAt(TestGrants.open(REPO))).isEmpty();
    assertThat(store.repos().revision(everybody(REPO), MAIN)).isEmpty();
    assertThat(store.repos().revisions(everybody(REPO))).isEmpty();
  }

  @Test
  void what_can_not_be_written_is_still_known_until_the_end() throws Exception {
    disk.fail(1, TestDisk.Fault.DISK_FULL);
    store.repos().putRevision(REPO, MAIN, new Observation<>(COMMIT, NOW));
    assertThat(disk.failed()).isTrue();
    assertThat(store.repos().revision(everybody(REPO), MAIN)).isPresent();
    assertThat(FsStoreTest.leftovers(folder)).isEmpty();
    reopen();
    assertThat(store.repos().revision(everybody(REPO), MAIN)).isEmpty();
  }

  @Test
  void a_verdict_that_can_not_be_deleted_is_not_believed() throws Exception {
    store.repos().remember(TestGrants.open(REPO), NOW);
    disk.fail(1, TestDisk.Fault.IO_ERROR);
    store.repos().forget(TestGrants.open(REPO));
    assertThat(repo("public")).exists();
    assertThat(store.repos().confirmedAt(TestGrants.open(REPO))).isEmpty();
    store.repos().remember(TestGrants.open(REPO), NOW);
    assertThat(store.repos().confirmedAt(TestGrants.open(REPO))).hasValue(NOW);
  }

  @Test
  void a_repo_folder_that_the_operator_removed_is_made_again() throws Exception {
    store.repos().putRevision(REPO, MAIN, new Observation<>(COMMIT, NOW));
    Files.delete(repo("refs/main"));
    Files.delete(repo("refs"));
    Files.delete(repo(""));
    store.repos().putRevision(REPO, new Revision("v1"), new Observation<>(COMMIT, NOW));
    reopen();
    assertThat(store.repos().revision(everybody(REPO), new Revision("v1"))).isPresent();
  }

  @Test
  void a_manifest_cut_anywhere_is_absent_and_gone() throws Exception {
    TestRepos.putManifest(store.repos(), REPO, COMMIT, entries(300), true);
    Path file = repo("commits/" + COMMIT + "/manifest");
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length += 1 + length / 7) {
      reopen();
      Files.write(file, Arrays.copyOf(whole, length));
      assertThat(store.repos().manifest(everybody(REPO), COMMIT)).as("at %d", length).isEmpty();
      assertThat(file).doesNotExist();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  @Tag("slow")
  void a_changed_byte_in_a_manifest_is_never_an_entry(long seed) throws Exception {
    List<ManifestEntry> entries = entries(300);
    Path file = repo("commits/" + COMMIT + "/manifest");
    Random random = new Random(seed);
    for (int round = 0; round < 60; round++) {
      TestRepos.putManifest(store.repos(), REPO, COMMIT, entries, true);
      reopen();
      byte[] changed = Files.readAllBytes(file);
      changed[random.nextInt(changed.length)] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, changed);
      boolean damageSeen = false;
      for (ManifestEntry entry : entries) {
        Optional<Manifest> manifest = store.repos().manifest(everybody(REPO), COMMIT);
        if (manifest.isEmpty()) {
          damageSeen = true;
          break;
        }
        try {
          assertThat(manifest.get().find(entry.entry().path())).as("seed %d", seed).hasValue(entry);
        } catch (IOException e) {
          damageSeen = true;
        }
      }
      assertThat(damageSeen).as("seed %d, round %d", seed, round).isTrue();
      assertThat(file).doesNotExist();
      assertThat(store.repos().manifest(everybody(REPO), COMMIT)).isEmpty();
    }
  }

  @Test
  void a_damaged_block_fails_its_reader_and_the_manifest_is_learned_anew() throws Exception {
    TestRepos.putManifest(store.repos(), REPO, COMMIT, entries(300), true);
    Manifest manifest = store.repos().manifest(everybody(REPO), COMMIT).orElseThrow();
    Path file = repo("commits/" + COMMIT + "/manifest");
    byte[] changed = Files.readAllBytes(file);
    changed[10] ^= 1;
    Files.write(file, changed);
    assertThatThrownBy(() -> manifest.list(Optional.empty(), true, e -> {}))
        .isInstanceOf(IOException.class);
    assertThat(store.repos().manifest(everybody(REPO), COMMIT)).isEmpty();
    TestRepos.putManifest(store.repos(), REPO, COMMIT, entries(300), true);
    assertThat(manifest.find(new FilePath("nothing"))).isEmpty();
  }

  @Test
  void a_manifest_that_the_operator_removed_is_absent_after_one_error() throws Exception {
    TestRepos.putManifest(store.repos(), REPO, COMMIT, entries(3), true);
    Manifest manifest = store.repos().manifest(everybody(REPO), COMMIT).orElseThrow();
    Files.delete(repo("commits/" + COMMIT + "/manifest"));
    assertThatThrownBy(() -> manifest.find(new FilePath("a"))).isInstanceOf(IOException.class);
    assertThat(store.repos().manifest(everybody(REPO), COMMIT)).isEmpty();
  }

  @Test
  void who_finds_while_a_manifest_is_replaced_finds() throws Exception {
    List<ManifestEntry> entries = entries(300);
    TestRepos.putManifest(store.repos(), REPO, COMMIT, entries.subList(0, 1), false);
    AtomicBoolean done = new AtomicBoolean();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> finder =
          threads.submit(() -> {
            while (!done.get()) {
              Manifest manifest = store.repos().manifest(everybody(REPO), COMMIT).orElseThrow();
              assertThat(manifest.find(entries.getFirst().entry().path())).isPresent();
              AtomicInteger count = new AtomicInteger();
              manifest.list(Optional.empty(), true, e -> count.incrementAndGet());
              assertThat(count.get()).isPositive();
            }
            return null;
          });
      for (int i = 1; i < entries.size(); i += 7) {
        TestRepos.putManifest(store.repos(), REPO, COMMIT, entries.subList(i, i + 1), false);
      }
      TestRepos.putManifest(store.repos(), REPO, COMMIT, entries, true);
      assertThat(store.repos().manifest(everybody(REPO), COMMIT).orElseThrow().complete()).isTrue();
      done.set(true);
      finder.get();
    }
  }

  @Tag("slow")
  @Test
  void a_large_manifest_is_read_by_position() throws Exception {
    int count = 200_000;
    TestRepos.putManifest(store.repos(), REPO, COMMIT, entries(count), true);
    store.close();
    AtomicInteger reads = new AtomicInteger();
    TestDisk counting =
        new TestDisk(folder) {
          @Override
          public File open(Path path) throws IOException {
            reads.incrementAndGet();
            return super.open(path);
          }
        };
    open(counting);
    Manifest manifest = store.repos().manifest(everybody(REPO), COMMIT).orElseThrow();
    assertThat(manifest.size()).isEqualTo(count);
    try (Disk.File file = counting.open(((FsManifest) manifest).path())) {
      // One 64th of the paths, and not the 30 MB of entries.
      assertThat(ManifestIndex.read(file, ManifestFormat.Tail.read(file)).weight())
          .isLessThan(1 << 20);
    }
    reads.set(0);
    assertThat(manifest.find(new FilePath("data/train/part-0123456-of-0200000.parquet")))
        .isPresent();
    assertThat(reads.get()).isEqualTo(1);
    List<String> root = new ArrayList<>();
    manifest.list(Optional.empty(), false, e -> root.add(e.entry().path().value()));
    assertThat(root).isEmpty();
    AtomicInteger listed = new AtomicInteger();
    manifest.list(Optional.of(new FilePath("data/train")), false, e -> listed.incrementAndGet());
    assertThat(listed.get()).isEqualTo(count);
    assertThat(counting.openFiles()).isZero();
  }

  @Test
  void a_reader_does_not_wait_for_a_slow_disk_that_takes_a_newer_record() throws Exception {
    store.repos().putRevision(REPO, MAIN, new Observation<>(COMMIT, NOW.minusSeconds(9)));
    store.close();
    CountDownLatch writing = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    open(
        new TestDisk(folder) {
          @Override
          public void rename(Path from, Path to) throws IOException {
            if (to.endsWith("refs/main")) {
              writing.countDown();
              try {
                goOn.await();
              } catch (InterruptedException e) {
                throw new IOException(e);
              }
            }
            super.rename(from, to);
          }
        });
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> writer =
          threads.submit(
              () -> store.repos().putRevision(REPO, MAIN, new Observation<>(COMMIT, NOW)));
      writing.await();
      assertThat(store.repos().revision(everybody(REPO), MAIN)).isPresent();
      goOn.countDown();
      writer.get();
    }
    assertThat(store.repos().revision(everybody(REPO), MAIN))
        .hasValue(new Observation<>(COMMIT, NOW));
  }

  @Test
  void who_asks_for_a_manifest_that_is_missing_waits_for_nobody_who_writes_it() throws Exception {
    store.close();
    CountDownLatch writing = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    open(
        new TestDisk(folder) {
          @Override
          public void rename(Path from, Path to) throws IOException {
            if (to.toString().contains(COMMIT.hex())) {
              writing.countDown();
              try {
                goOn.await();
              } catch (InterruptedException e) {
                throw new IOException(e);
              }
            }
            super.rename(from, to);
          }
        });
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> writer =
          threads.submit(() -> {
            TestRepos.putManifest(store.repos(), REPO, COMMIT, entries(3), true);
            return true;
          });
      writing.await();
      Future<Boolean> found =
          threads.submit(() -> store.repos().manifest(everybody(REPO), COMMIT).isPresent());
      try {
        assertThat(found.get(20, TimeUnit.SECONDS)).isFalse();
      } finally {
        goOn.countDown();
      }
      writer.get();
    }
    assertThat(store.repos().manifest(everybody(REPO), COMMIT)).isPresent();
  }

  @Test
  void of_many_writers_of_one_revision_the_youngest_wins() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        Instant at = NOW.minusSeconds((i * 17) % 50);
        all.add(
            threads.submit(
                () -> store.repos().putRevision(REPO, MAIN, new Observation<>(COMMIT, at))));
      }
      for (Future<?> one : all) {
        one.get();
      }
    }
    reopen();
    assertThat(store.repos().revision(everybody(REPO), MAIN))
        .hasValue(new Observation<>(COMMIT, NOW));
  }

  @Test
  void a_client_that_left_does_not_make_a_record_absent_for_the_others() throws Exception {
    store.repos().remember(TestGrants.open(REPO), NOW);
    reopen();
    Thread.currentThread().interrupt();
    try {
      assertThat(store.repos().confirmedAt(TestGrants.open(REPO))).hasValue(NOW);
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    assertThat(store.repos().confirmedAt(TestGrants.open(REPO))).hasValue(NOW);
  }

  @Test
  void what_a_client_that_left_has_learned_is_on_the_disk() throws Exception {
    Thread.currentThread().interrupt();
    try {
      store.repos().remember(TestGrants.open(REPO), NOW);
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    reopen();
    assertThat(store.repos().confirmedAt(TestGrants.open(REPO))).hasValue(NOW);
  }
}
