package io.intrahub.store.fs.metadata;

import static io.intrahub.access.TestGrants.everybody;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Entry;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.ManifestWriter;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.FsStoreTest;
import io.intrahub.store.fs.MemoryFolder;
import io.intrahub.store.fs.TestDisk;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Manifests that are larger than the memory they are written in. */
final class FsManifestWriterTest {
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/huge");
  private static final CommitHash COMMIT = new CommitHash("c".repeat(40));
  private static final int SHARE = 512 * 1024;

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private final MemoryBudget budget = new MemoryBudget(4L * SHARE, Duration.ZERO);

  /** The most that was reserved whenever the store wrote. */
  private long peak;

  private TestDisk disk;
  private FsStore store;

  @BeforeEach
  void open() throws Exception {
    disk =
        new TestDisk(folder) {
          @Override
          public void writing(Path path, File file, long position, int count) {
            peak = Math.max(peak, budget.usage().used());
          }
        };
    store =
        FsStore.open(folder, Clock.systemUTC(), DiskBudgetSettings.DEFAULT, disk, new Random(1));
  }

  @AfterEach
  void close() throws IOException {
    assertThat(budget.usage().used()).isZero();
    assertThat(disk.openFiles()).isZero();
    assertThat(FsStoreTest.leftovers(folder)).isEmpty();
    store.close();
  }

  private static FilePath path(int i) {
    return new FilePath("data/%02d/part-%07d.parquet".formatted(i % 100, i));
  }

  private static ManifestEntry entry(int i) {
    FilePath path = path(i);
    return new ManifestEntry(
        new Entry(Entry.Kind.FILE, path, "%040x".formatted(i), i, Optional.empty()),
        "{\"type\":\"file\",\"path\":\"%s\",\"size\":%d}".formatted(path, i));
  }

  private void write(List<Integer> numbers) throws IOException {
    try (MemoryBudget.Reservation memory = budget.reservation("listings");
        ManifestWriter writer = store.repos().newManifest(REPO, COMMIT, memory)) {
      for (int number : numbers) {
        writer.add(entry(number));
        peak = Math.max(peak, memory.bytes());
      }
      writer.commit(true);
    }
  }

  private static List<Integer> numbers(int count) {
    return new ArrayList<>(IntStream.range(0, count).boxed().toList());
  }

  private void assertHolds(int count) throws IOException {
    Manifest manifest = store.repos().manifest(everybody(REPO), COMMIT).orElseThrow();
    assertThat(manifest.size()).isEqualTo(count);
    for (int i = 0; i < count; i += 997) {
      assertThat(manifest.find(path(i))).hasValue(entry(i));
    }
    FilePath[] before = new FilePath[1];
    int[] listed = {0};
    manifest.list(
        Optional.empty(),
        true,
        e -> {
          FilePath path = e.entry().path();
          if (before[0] != null && Manifest.ORDER.compare(before[0], path) >= 0) {
            throw new AssertionError(path + " after " + before[0]);
          }
          before[0] = path;
          listed[0]++;
        });
    assertThat(listed[0]).isEqualTo(count);
  }

  @ParameterizedTest
  @ValueSource(ints = {10_000, 100_000})
  @Tag("slow")
  void any_number_of_entries_in_any_order_takes_no_more_memory_than_there_is(int count)
      throws Exception {
    List<Integer> numbers = numbers(count);
    Collections.shuffle(numbers, new Random(count));
    write(numbers);
    assertThat(peak).isBetween(1L, (long) SHARE);
    assertHolds(count);
  }

  @Test
  void entries_in_order_are_read_back_once() throws Exception {
    List<Integer> numbers = numbers(20_000);
    numbers.sort((a, b) -> Manifest.ORDER.compare(path(a), path(b)));
    write(numbers);
    assertHolds(20_000);
  }

  @Test
  void of_two_entries_with_one_path_the_last_is_kept_however_far_apart_they_are() throws Exception {
    List<Integer> numbers = numbers(10_000);
    Collections.shuffle(numbers, new Random(3));
    try (MemoryBudget.Reservation memory = budget.reservation("listings");
        ManifestWriter writer = store.repos().newManifest(REPO, COMMIT, memory)) {
      for (int round = 0; round < 4; round++) {
        for (int number : numbers) {
          ManifestEntry right = entry(number);
          writer.add(round == 3 ? right : new ManifestEntry(right.entry(), "old " + round));
        }
      }
      writer.commit(true);
    }
    assertHolds(10_000);
  }

  @Test
  void a_partial_manifest_adds_to_one_that_is_larger_than_memory() throws Exception {
    List<Integer> numbers = numbers(20_000);
    Collections.shuffle(numbers, new Random(4));
    List<ManifestEntry> first =
        numbers.subList(0, 12_000).stream()
            .map(i -> new ManifestEntry(entry(i).entry(), "old"))
            .toList();
    TestRepos.putManifest(store.repos(), REPO, COMMIT, first, false);
    try (MemoryBudget.Reservation memory = budget.reservation("listings");
        ManifestWriter writer = store.repos().newManifest(REPO, COMMIT, memory)) {
      for (int number : numbers) {
        writer.add(entry(number));
      }
      writer.commit(false);
    }
    assertHolds(20_000);
    assertThat(store.repos().manifest(everybody(REPO), COMMIT).orElseThrow().complete()).isFalse();
  }

  @Test
  void a_budget_without_room_refuses_the_manifest_and_leaves_nothing() throws Exception {
    try (MemoryBudget.Reservation other = budget.reservation("listings")) {
      other.grow(SHARE - 100_000);
      assertThatThrownBy(() -> write(numbers(10_000))).isInstanceOf(BudgetExhaustedException.class);
      assertThat(store.repos().manifest(everybody(REPO), COMMIT)).isEmpty();
    }
    write(numbers(10_000));
    assertHolds(10_000);
  }

  @Test
  void an_entry_that_is_larger_than_any_of_the_hub_is_refused() {
    ManifestEntry large = new ManifestEntry(entry(1).entry(), "x".repeat(70_000));
    assertThatThrownBy(
            () -> TestRepos.putManifest(store.repos(), REPO, COMMIT, List.of(large), true))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("bytes");
    assertThat(store.repos().manifest(everybody(REPO), COMMIT)).isEmpty();
  }

  /** Else two gigabytes of zeros would be read into memory to find that they are no index. */
  @Test
  void a_length_that_damage_made_asks_for_no_memory() throws Exception {
    write(numbers(100));
    store.close();
    Path file = folder.resolve("repos/models--acme--huge/commits/" + COMMIT + "/manifest");
    byte[] tail = new byte[ManifestFormat.TAIL_LENGTH];
    byte[] whole = Files.readAllBytes(file);
    System.arraycopy(whole, whole.length - tail.length, tail, 0, tail.length);
    java.nio.ByteBuffer.wrap(tail).putLong(0).putInt(Integer.MAX_VALUE);
    try (java.io.RandomAccessFile sparse = new java.io.RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(Integer.MAX_VALUE);
      sparse.seek(Integer.MAX_VALUE);
      sparse.write(tail);
    }
    open();
    assertThat(store.repos().manifest(everybody(REPO), COMMIT)).isEmpty();
    assertThat(file).doesNotExist();
  }
}
