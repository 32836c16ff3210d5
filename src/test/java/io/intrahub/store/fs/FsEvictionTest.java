package io.intrahub.store.fs;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.begin;
import static io.intrahub.store.TestBlobs.bytes;
import static io.intrahub.store.TestBlobs.gitSha1;
import static io.intrahub.store.TestBlobs.publish;
import static io.intrahub.store.TestBlobs.read;
import static io.intrahub.store.TestBlobs.readAll;
import static io.intrahub.store.TestBlobs.sha256;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.PartialBlob;
import io.intrahub.store.StoredBlob;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A store that is full makes room, and says no only when it can't. */
final class FsEvictionTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final int SIZE = 100_000;

  /** Ten blobs of {@link #SIZE}; from the tenth on there is eviction, down to nine. */
  private static final DiskBudgetSettings TEN_BLOBS =
      new DiskBudgetSettings(10L * SIZE, 1000, 95, 90);

  @TempDir Path folder;

  private final SettableClock clock = new SettableClock();
  private Path data;
  private TestDisk disk;
  private FsStore store;

  private void open(DiskBudgetSettings settings) throws Exception {
    data = folder.resolve("data");
    if (disk == null) {
      disk = new TestDisk(data);
    }
    store = FsStore.open(data, clock, settings, disk, new Random(1));
  }

  private void reopen(DiskBudgetSettings settings) throws Exception {
    store.close();
    open(settings);
    store.scan();
  }

  @AfterEach
  void the_books_are_right() throws Exception {
    assertThat(store.usage().writers()).isZero();
    assertThat(store.usage().reserved()).isZero();
    assertThat(store.usage().unpublished()).isZero();
    assertThat(store.usage().bytes()).isEqualTo(bytesOnDisk(data));
    store.close();
    assertThat(FsStoreTest.leftovers(data)).isEmpty();
    assertThat(disk.openFiles()).isZero();
  }

  static long bytesOnDisk(Path data) throws IOException {
    long bytes = 0;
    try (var files = Files.walk(data)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = data.relativize(file).toString();
        bytes += name.matches("(repos/[^/]+/)?blobs/.*") ? Files.size(file) : 0;
      }
    }
    return bytes;
  }

  private static byte[] content(int number) {
    return bytes(number, SIZE);
  }

  /** Publishes blobs of these numbers, a second apart. */
  private void publishAll(int from, int to) throws IOException {
    for (int i = from; i <= to; i++) {
      clock.pass(Duration.ofSeconds(1));
      publish(store, REPO, sha256(content(i)), content(i));
    }
  }

  private void use(int number) throws IOException {
    clock.pass(Duration.ofSeconds(1));
    assertThat(read(store, REPO, sha256(content(number)))).hasValue(content(number));
  }

  private List<Integer> there(int from, int to) {
    List<Integer> there = new ArrayList<>();
    for (int i = from; i <= to; i++) {
      if (store.published().contains(everybody(REPO, sha256(content(i))))) {
        there.add(i);
      }
    }
    return there;
  }

  @Test
  void the_least_recently_used_make_room_down_to_the_low_mark() throws Exception {
    open(TEN_BLOBS);
    publishAll(1, 9);
    use(1);
    assertThat(there(1, 9)).hasSize(9);

    publishAll(10, 10);

    assertThat(there(1, 10)).containsExactly(1, 3, 4, 5, 6, 7, 8, 9, 10);
    assertThat(store.usage().evictedBlobs()).isEqualTo(1);
    assertThat(store.usage().evictedBytes()).isEqualTo(SIZE);
    assertThat(store.usage().limit()).hasValue(10L * SIZE);
    assertThat(store.usage().free()).isPresent();
    // What was evicted can be fetched again.
    publishAll(2, 2);
    use(2);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void the_old_name_of_a_renamed_repo_pushes_out_no_other_blob(boolean restarted) throws Exception {
    RepoId old = new RepoId(RepoType.MODEL, "acme/old");
    RepoId renamed = new RepoId(RepoType.MODEL, "acme/new");
    BlobId file = gitSha1(content(0));
    open(TEN_BLOBS);
    publishAll(1, 7);
    clock.pass(Duration.ofSeconds(1));
    publish(store, old, file, content(0));
    store.repos().copyRepo(old, renamed);
    if (restarted) {
      reopen(TEN_BLOBS);
    }

    publishAll(8, 8);

    assertThat(there(1, 8)).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    assertThat(store.published().contains(everybody(old, file))).isFalse();
    assertThat(read(store, renamed, file)).hasValue(content(0));
  }

  @Test
  void git_blobs_go_too() throws Exception {
    open(TEN_BLOBS);
    publish(store, REPO, gitSha1(content(0)), content(0));

    publishAll(1, 9);

    assertThat(store.published().contains(everybody(REPO, gitSha1(content(0))))).isFalse();
    assertThat(there(1, 9)).hasSize(9);
  }

  @Test
  void an_open_blob_is_never_evicted() throws Exception {
    open(TEN_BLOBS);
    publishAll(1, 9);
    List<StoredBlob> open = new ArrayList<>();
    for (int i = 1; i <= 9; i++) {
      open.add(store.published().open(everybody(REPO, sha256(content(i)))).orElseThrow());
    }
    // The tenth still fits below the limit, the eleventh does not.
    publishAll(10, 10);
    open.add(store.published().open(everybody(REPO, sha256(content(10)))).orElseThrow());

    assertThatThrownBy(() -> begin(store, REPO, sha256(content(11))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no space in the store for 100000 bytes: 1000000 are stored, 0 more")
        .hasMessageContaining("store.max-size is 1000000");
    for (int i = 1; i <= 10; i++) {
      assertThat(readAll(open.get(i - 1))).isEqualTo(content(i));
    }

    open.get(3).close();
    open.get(3).close();
    open.get(5).close();
    publishAll(11, 11);

    assertThat(there(1, 11)).containsExactly(1, 2, 3, 5, 7, 8, 9, 10, 11);
    open.forEach(StoredBlob::close);
  }

  @Test
  void a_blob_stays_for_those_who_read_it_from_its_writer() throws Exception {
    open(TEN_BLOBS);
    try (PartialBlob writer = begin(store, REPO, sha256(content(0)))) {
      writer.write(ByteBuffer.wrap(content(0)), 0);
      writer.hash(SIZE);
      assertThat(store.usage().unpublished()).isEqualTo(SIZE);
      assertThat(writer.publish()).isEqualTo(PartialBlob.Verdict.PUBLISHED);
      assertThat(store.usage().used()).isEqualTo(SIZE);

      publishAll(1, 12);

      assertThat(writer.read(ByteBuffer.allocate(10), 0)).isEqualTo(10);
      assertThat(there(0, 12)).contains(0).doesNotContain(1);
    }
    publishAll(13, 13);
    assertThat(there(0, 13)).doesNotContain(0);
  }

  @Test
  void a_blob_larger_than_the_store_is_refused_and_costs_nobody_anything() throws Exception {
    open(TEN_BLOBS);
    publishAll(1, 9);
    BlobId huge = new BlobId(sha256(content(99)).digest(), 10L * SIZE + 1);

    assertThatThrownBy(() -> begin(store, REPO, huge))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "a blob of 1000001 bytes exceeds the limit of the store: store.max-size is 1000000"
                + " bytes");
    assertThat(there(1, 9)).hasSize(9);
  }

  @Test
  void a_promise_counts_like_what_is_there() throws Exception {
    open(TEN_BLOBS);
    publishAll(1, 5);
    try (PartialBlob large =
        begin(store, REPO, new BlobId(sha256(content(9)).digest(), 6L * SIZE))) {
      assertThat(large.hashed()).isZero();
      assertThat(store.usage().used()).isLessThanOrEqualTo(9L * SIZE);
      assertThat(there(1, 5)).containsExactly(3, 4, 5);
      assertThatThrownBy(
              () -> begin(store, REPO, new BlobId(sha256(content(8)).digest(), 5L * SIZE)))
          .hasMessageContaining("600000 more are reserved");
    }
  }

  /** A disk of a fixed size that holds the store and what others put there. */
  private final class SmallDisk extends TestDisk {
    private final long capacity;
    private volatile long others;

    SmallDisk(Path root, long capacity) {
      super(root);
      this.capacity = capacity;
    }

    @Override
    public long usableSpace() throws IOException {
      return Math.max(0, capacity - others - bytesOnDisk(data));
    }
  }

  @Test
  void a_full_disk_gives_up_old_blobs_for_new_ones() throws Exception {
    SmallDisk small = new SmallDisk(folder.resolve("data"), 10L * SIZE);
    disk = small;
    open(new DiskBudgetSettings(0, SIZE, 95, 90));
    publishAll(1, 9);
    assertThat(there(1, 9)).hasSize(9);

    publishAll(10, 10);

    // One for the new blob, and one more so that the next does not have to choose again.
    assertThat(there(1, 10)).containsExactly(3, 4, 5, 6, 7, 8, 9, 10);
    assertThat(store.usage().limit()).isEmpty();

    small.others = 3L * SIZE;
    store.tidy();

    assertThat(there(1, 10)).containsExactly(5, 6, 7, 8, 9, 10);
  }

  @Test
  void a_blob_larger_than_the_disk_is_refused_and_costs_nobody_anything() throws Exception {
    disk = new SmallDisk(folder.resolve("data"), 10L * SIZE);
    open(new DiskBudgetSettings(0, SIZE, 95, 90));
    publishAll(1, 6);

    assertThatThrownBy(
            () -> begin(store, REPO, new BlobId(sha256(content(99)).digest(), 9L * SIZE + 1)))
        .hasMessageContaining("not enough disk space for 900001 bytes: 400000 are free");
    assertThat(there(1, 6)).hasSize(6);
    begin(store, REPO, new BlobId(sha256(content(99)).digest(), 9L * SIZE)).close();
    assertThat(there(1, 6)).isEmpty();
  }

  @Test
  void a_disk_that_does_not_get_freer_is_not_emptied() throws Exception {
    open(new DiskBudgetSettings(0, SIZE, 95, 90));
    publishAll(1, 30);
    disk.usable = SIZE + 10;

    assertThatThrownBy(() -> begin(store, REPO, sha256(content(31))))
        .hasMessageContaining("not enough disk space for 100000 bytes: 100010 are free")
        .hasMessageContaining("store.min-free");
    int left = there(1, 30).size();
    assertThat(left).isBetween(27, 29);
    for (int i = 0; i < 20; i++) {
      assertThatThrownBy(() -> begin(store, REPO, sha256(content(31))))
          .isInstanceOf(IOException.class);
      store.tidy();
    }
    assertThat(there(1, 30)).hasSize(left);

    // It may have been a passing thing.
    clock.pass(Duration.ofMinutes(2));
    disk.usable = -1;
    publishAll(31, 31);
    assertThat(there(31, 31)).hasSize(1);
  }

  @Test
  void quarantine_and_what_is_not_the_stores_are_never_touched() throws Exception {
    open(TEN_BLOBS);
    Path foreign = data.resolve("blobs/sha256/notes.txt");
    Files.write(foreign, new byte[9 * SIZE]);
    byte[] wrong = content(50);
    wrong[0] ^= 1;
    publish(store, REPO, sha256(content(50)), wrong);
    Path odd = data.resolve("blobs/sha256/00/" + "0".repeat(64));
    Files.createDirectories(odd);
    store.scan();

    publishAll(1, 30);

    assertThat(foreign).hasSize(9 * SIZE);
    assertThat(odd).isDirectory();
    try (var kept = Files.list(data.resolve("quarantine"))) {
      assertThat(kept).hasSize(2);
    }
    Files.delete(foreign);
  }

  @Test
  void a_start_with_a_lower_limit_evicts_when_all_is_counted() throws Exception {
    open(DiskBudgetSettings.DEFAULT);
    publishAll(1, 20);
    store.close();
    open(TEN_BLOBS);
    assertThat(there(1, 20)).hasSize(20);

    store.scan();

    assertThat(there(1, 20)).containsExactly(12, 13, 14, 15, 16, 17, 18, 19, 20);
  }

  @Test
  void a_restart_keeps_the_order_of_use() throws Exception {
    open(TEN_BLOBS);
    publishAll(1, 9);
    for (int i : List.of(2, 1, 4, 3)) {
      use(i);
    }

    reopen(TEN_BLOBS);
    publishAll(10, 15);

    assertThat(there(1, 9)).containsExactly(1, 3, 4);
  }

  @Test
  void an_end_before_all_is_counted_loses_no_times() throws Exception {
    open(TEN_BLOBS);
    publishAll(1, 9);
    use(1);
    store.close();
    open(TEN_BLOBS);
    use(2);

    reopen(TEN_BLOBS);
    publishAll(10, 10);

    assertThat(there(1, 10)).containsExactly(1, 2, 4, 5, 6, 7, 8, 9, 10);
  }

  @ParameterizedTest
  @ValueSource(strings = {"flipped", "cut", "empty", "gone", "foreign"})
  void without_good_times_of_use_those_of_the_files_serve(String damage) throws Exception {
    open(TEN_BLOBS);
    publishAll(1, 9);
    use(1);
    store.close();
    Path times = data.resolve("last-uses");
    byte[] good = Files.readAllBytes(times);
    switch (damage) {
      case "flipped" -> {
        good[20] ^= 1;
        Files.write(times, good);
      }
      case "cut" -> Files.write(times, java.util.Arrays.copyOf(good, good.length - 1));
      case "empty" -> Files.write(times, new byte[0]);
      case "foreign" -> Files.write(times, bytes(1, 100));
      default -> Files.delete(times);
    }
    for (int i = 1; i <= 9; i++) {
      Path blob = BlobFiles.of(data, sha256(content(i)));
      Files.setLastModifiedTime(
          blob,
          java.nio.file.attribute.FileTime.from(
              clock.instant().minus(Duration.ofHours(i == 7 ? 1000 : 1))));
    }

    open(TEN_BLOBS);
    store.scan();
    publishAll(10, 10);

    assertThat(there(1, 10)).hasSize(9).doesNotContain(7);
  }

  @Test
  void a_reader_whose_file_was_deleted_by_hand_breaks_and_nothing_is_counted() throws Exception {
    open(TEN_BLOBS);
    publishAll(1, 1);
    try (StoredBlob open =
        store.published().open(everybody(REPO, sha256(content(1)))).orElseThrow()) {
      Files.delete(BlobFiles.of(data, sha256(content(1))));
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> open.read(ByteBuffer.allocate(10), 0))
          .isInstanceOf(IOException.class);
      assertThat(Thread.interrupted()).isTrue();
      assertThatThrownBy(() -> open.read(ByteBuffer.allocate(10), 0))
          .isInstanceOf(IOException.class);
    }
    assertThat(read(store, REPO, sha256(content(1)))).isEmpty();
  }

  @Test
  void a_waiting_thread_can_be_interrupted() throws Exception {
    open(TEN_BLOBS);
    publishAll(1, 9);
    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> begin(store, REPO, sha256(content(10))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("interrupted");
    assertThat(Thread.interrupted()).isTrue();
    assertThat(there(1, 9)).hasSize(9);
  }
}
