package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.read;
import static io.intrahub.store.TestBlobs.readAll;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.StoreException;
import io.intrahub.store.StoredBlob;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Large blobs that a crash left in doubt: each is read once for all, and nobody waits at its start.
 */
final class FsSuspectBlobsTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final int LARGE = FsPublishedBlobs.CHECKED_ON_OPEN + 5000;

  @TempDir Path folder;

  /** What the store would do on threads of its own; a test does it when it wants to. */
  private final Queue<Runnable> tasks = new ArrayDeque<>();

  private final AtomicInteger opened = new AtomicInteger();

  /** Blobs in the order in which a check or a client opened them. */
  private final Queue<Path> order = new ConcurrentLinkedQueue<>();

  /** Blobs at which the process runs out of something when they are opened. */
  private final Set<Path> breaking = new HashSet<>();

  private TestDisk disk;
  private FsStore store;

  @BeforeEach
  void open() throws StoreException {
    opened.set(0);
    order.clear();
    tasks.clear();
    disk =
        new TestDisk(folder) {
          @Override
          public File open(Path path) throws IOException {
            if (path.startsWith(folder.resolve("blobs"))) {
              opened.incrementAndGet();
              order.add(path);
            }
            if (breaking.contains(path)) {
              throw new InternalError("out of something");
            }
            return super.open(path);
          }
        };
    store =
        FsStore.open(
            folder, Clock.systemUTC(), DiskBudgetSettings.DEFAULT, disk, new Random(1), tasks::add);
  }

  @AfterEach
  void close() {
    store.close();
    assertThat(disk.openFiles()).isZero();
  }

  /** As after a kill: the lock is gone and nothing was put in order. */
  private void crash() throws StoreException {
    store.release();
    open();
  }

  private void runAll() {
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      task.run();
    }
  }

  private BlobId published(int seed) throws IOException {
    byte[] content = bytes(seed, LARGE);
    publish(store, REPO, sha256(content), content);
    return sha256(content);
  }

  private Path path(BlobId blob) {
    String hex = blob.digest().hex();
    return folder.resolve("blobs/sha256").resolve(hex.substring(0, 2)).resolve(hex);
  }

  /** What a power cut may do to a file system that keeps no order. */
  private void damage(BlobId blob) throws IOException {
    Path file = path(blob);
    FileTime modified = Files.getLastModifiedTime(file);
    byte[] content = Files.readAllBytes(file);
    content[LARGE / 2] ^= 1;
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    Files.write(file, content);
    Files.setLastModifiedTime(file, modified);
  }

  private List<StoredBlob> openTen(BlobId blob) {
    List<StoredBlob> all = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      all.add(store.published().open(everybody(REPO, blob)).orElseThrow());
    }
    return all;
  }

  private List<Path> quarantine() throws IOException {
    try (Stream<Path> all = Files.list(folder.resolve("quarantine"))) {
      return all.filter(p -> !p.toString().endsWith(".txt")).toList();
    }
  }

  @Test
  void ten_clients_read_at_once_and_the_blob_is_checked_once() throws Exception {
    BlobId blob = published(1);
    crash();
    List<StoredBlob> clients = openTen(blob);
    assertThat(clients).noneMatch(c -> c.check().isDone());
    for (StoredBlob client : clients) {
      assertThat(readAll(client)).isEqualTo(bytes(1, LARGE));
    }
    assertThat(opened).hasValue(10);
    runAll();
    assertThat(opened).as("one more, to check it").hasValue(11);
    assertThat(clients).allMatch(c -> c.check().join() == StoredBlob.Check.RIGHT);
    clients.forEach(StoredBlob::close);
    try (StoredBlob later = store.published().open(everybody(REPO, blob)).orElseThrow()) {
      assertThat(later.check()).isCompletedWithValue(StoredBlob.Check.RIGHT);
    }
    assertThat(tasks).isEmpty();
  }

  @Test
  void a_wrong_one_is_out_of_the_way_when_its_clients_hear_of_it() throws Exception {
    BlobId blob = published(1);
    damage(blob);
    crash();
    List<StoredBlob> clients = openTen(blob);
    boolean[] gone = new boolean[1];
    var _ = clients.getFirst().check().thenRun(() -> gone[0] = Files.notExists(path(blob)));
    runAll();
    assertThat(gone[0]).isTrue();
    assertThat(clients).allMatch(c -> c.check().join() == StoredBlob.Check.WRONG);
    clients.forEach(StoredBlob::close);
    assertThat(quarantine()).hasSize(1);
    assertThat(store.published().contains(everybody(REPO, blob))).isFalse();
    published(1);
    assertThat(read(store, REPO, blob)).hasValue(bytes(1, LARGE));
  }

  @Test
  void one_that_can_not_be_read_is_absent_until_it_can_and_gives_way_to_a_copy() throws Exception {
    BlobId blob = published(1);
    crash();
    StoredBlob client = store.published().open(everybody(REPO, blob)).orElseThrow();
    disk.fail(2, TestDisk.Fault.IO_ERROR);
    runAll();
    assertThat(disk.failedCall()).startsWith("read ");
    assertThat(client.check()).isCompletedWithValue(StoredBlob.Check.FAILED);
    client.close();
    assertThat(store.published().contains(everybody(REPO, blob))).isFalse();
    assertThat(store.published().open(everybody(REPO, blob))).isEmpty();
    // The error has passed, which is found out behind that client's back.
    runAll();
    try (StoredBlob again = store.published().open(everybody(REPO, blob)).orElseThrow()) {
      assertThat(again.check()).isCompletedWithValue(StoredBlob.Check.RIGHT);
    }
    assertThat(quarantine()).isEmpty();
  }

  @Test
  void a_start_checks_two_at_a_time_and_first_what_a_client_waits_for() throws Exception {
    List<BlobId> blobs = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      blobs.add(published(i));
    }
    crash();
    Thread walk = Thread.ofVirtual().start(store::scan);
    org.awaitility.Awaitility.await().until(() -> tasks.size() == 2);
    order.clear();
    try (StoredBlob awaited = store.published().open(everybody(REPO, blobs.get(5))).orElseThrow()) {
      runAll();
      assertThat(awaited.check().join()).isEqualTo(StoredBlob.Check.RIGHT);
    }
    walk.join();
    assertThat(order).hasSize(7);
    assertThat(order.stream().skip(1).findFirst()).hasValue(path(blobs.get(5)));
    assertThat(tasks).isEmpty();
    store.close();
    assertThat(folder.resolve("running")).as("no doubt is left").doesNotExist();
    open();
  }

  @Test
  void who_waits_when_the_store_is_closed_is_told() throws Exception {
    BlobId blob = published(1);
    crash();
    try (StoredBlob client = store.published().open(everybody(REPO, blob)).orElseThrow()) {
      store.close();
      assertThat(client.check()).isCompletedWithValue(StoredBlob.Check.FAILED);
    }
    runAll();
    assertThat(folder.resolve("running")).as("the doubt is carried over").exists();
    assertThat(quarantine()).isEmpty();
    open();
  }

  @Test
  void no_thread_to_check_with_is_no_verdict() throws Exception {
    BlobId blob = published(1);
    store.release();
    store =
        FsStore.open(
            folder,
            Clock.systemUTC(),
            DiskBudgetSettings.DEFAULT,
            disk,
            new Random(1),
            task -> {
              throw new RejectedExecutionException();
            });
    assertThat(store.published().open(everybody(REPO, blob))).isEmpty();
    assertThat(path(blob)).exists();
  }

  @Test
  void a_check_without_a_thread_to_run_on_ends_and_the_next_client_begins_another()
      throws Exception {
    BlobId blob = published(1);
    store.release();
    AtomicBoolean threads = new AtomicBoolean();
    store =
        FsStore.open(
            folder,
            Clock.systemUTC(),
            DiskBudgetSettings.DEFAULT,
            disk,
            new Random(1),
            task -> {
              if (!threads.get()) {
                throw new InternalError("no thread");
              }
              tasks.add(task);
            });
    for (int i = 0; i < 3; i++) {
      assertThat(store.published().open(everybody(REPO, blob))).isEmpty();
    }
    assertThat(path(blob)).exists();
    threads.set(true);
    try (StoredBlob client = store.published().open(everybody(REPO, blob)).orElseThrow()) {
      runAll();
      assertThat(client.check()).isCompletedWithValue(StoredBlob.Check.RIGHT);
    }
  }

  @Test
  void an_error_in_one_check_leaves_no_other_waiting() throws Exception {
    List<BlobId> blobs = List.of(published(1), published(2), published(3));
    crash();
    try (StoredBlob first = store.published().open(everybody(REPO, blobs.get(0))).orElseThrow();
        StoredBlob second = store.published().open(everybody(REPO, blobs.get(1))).orElseThrow();
        StoredBlob third = store.published().open(everybody(REPO, blobs.get(2))).orElseThrow()) {
      breaking.add(path(blobs.get(0)));
      breaking.add(path(blobs.get(1)));
      runAll();
      assertThat(first.check()).isCompletedWithValue(StoredBlob.Check.FAILED);
      assertThat(second.check()).isCompletedWithValue(StoredBlob.Check.FAILED);
      assertThat(third.check()).isCompletedWithValue(StoredBlob.Check.RIGHT);
    }
  }

  @Test
  void a_claim_of_another_size_waits_for_no_check() throws Exception {
    BlobId blob = published(1);
    crash();
    BlobId claimed = new BlobId(blob.digest(), LARGE + 1L);
    for (int i = 0; i < 10; i++) {
      assertThat(store.published().open(everybody(REPO, claimed))).isEmpty();
    }
    assertThat(tasks).hasSize(1);
    opened.set(0);
    runAll();
    assertThat(opened).hasValue(1);
    assertThat(path(blob)).exists();
  }
}
