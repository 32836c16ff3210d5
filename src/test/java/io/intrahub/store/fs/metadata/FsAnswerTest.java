package io.intrahub.store.fs.metadata;

import static io.intrahub.access.TestGrants.everybody;
import static io.intrahub.store.TestBlobs.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.policy.Observation;
import io.intrahub.store.AnswerWriter;
import io.intrahub.store.StoredAnswer;
import io.intrahub.store.TestRepos;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.FsStoreTest;
import io.intrahub.store.fs.MemoryFolder;
import io.intrahub.store.fs.TestDisk;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Large answers on a disk that lies or is full. */
final class FsAnswerTest {
  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");
  private static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/tiny");
  private static final CommitHash COMMIT = new CommitHash("c".repeat(40));
  private static final byte[] LARGE = bytes(1, StoredAnswer.SMALL + 1000);

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private TestDisk disk;
  private FsStore store;

  @BeforeEach
  void open() throws Exception {
    disk = new TestDisk(folder);
    Clock clock = Clock.fixed(NOW, ZoneOffset.UTC);
    store = FsStore.open(folder, clock, DiskBudgetSettings.DEFAULT, disk, new Random(1));
  }

  private void reopen() throws Exception {
    store.close();
    open();
  }

  @AfterEach
  void close() throws IOException {
    assertThat(disk.openFiles()).isZero();
    assertThat(FsStoreTest.leftovers(folder)).isEmpty();
    store.close();
  }

  private Path file() {
    return folder.resolve("repos/models--acme--tiny/commits/" + COMMIT + "/answer-info");
  }

  private void put(byte[] answer, Instant at) throws IOException {
    try (MemoryBudget.Reservation memory = TestRepos.budget().reservation("test");
        AnswerWriter writer = store.repos().newAnswer(REPO, COMMIT, "info", memory)) {
      writer.write(answer);
      writer.commit(at);
    }
  }

  private Optional<StoredAnswer> get() {
    return store.repos().answer(everybody(REPO), COMMIT, "info");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void a_changed_byte_never_makes_a_whole_answer(long seed) throws Exception {
    Random random = new Random(seed);
    for (int round = 0; round < 60; round++) {
      put(LARGE, NOW);
      reopen();
      byte[] changed = Files.readAllBytes(file());
      // Every other time near the end, where the lengths and checksums are.
      int at =
          round % 2 == 0
              ? random.nextInt(changed.length)
              : changed.length - 1 - random.nextInt(200);
      changed[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(file(), changed);
      Optional<StoredAnswer> answer = get();
      if (answer.isPresent()) {
        int read = 0;
        try (InputStream in = answer.get().open()) {
          byte[] buffer = new byte[50_000];
          for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            read += n;
          }
          throw new AssertionError("seed %d, byte %d was not missed".formatted(seed, at));
        } catch (IOException e) {
          assertThat(read).as("seed %d", seed).isLessThan(LARGE.length);
        }
      }
      assertThat(get()).as("seed %d, byte %d", seed, at).isEmpty();
      assertThat(file()).doesNotExist();
    }
  }

  @Test
  void an_answer_cut_anywhere_is_absent_and_gone() throws Exception {
    put(LARGE, NOW);
    byte[] whole = Files.readAllBytes(file());
    for (int length = 0; length < whole.length; length += 1 + length / 3) {
      reopen();
      Files.write(file(), Arrays.copyOf(whole, length));
      assertThat(get()).as("at %d", length).isEmpty();
      assertThat(file()).doesNotExist();
    }
  }

  @Test
  void who_reads_an_answer_while_it_is_replaced_reads_it_to_its_end() throws Exception {
    put(LARGE, NOW);
    StoredAnswer old = get().orElseThrow();
    byte[] young = bytes(2, LARGE.length);
    try (InputStream in = old.open()) {
      assertThat(in.readNBytes(100)).isEqualTo(Arrays.copyOf(LARGE, 100));
      put(young, NOW);
      assertThat(in.readAllBytes()).isEqualTo(Arrays.copyOfRange(LARGE, 100, LARGE.length));
    }
    // Its length was announced perhaps: another content must not come in its place.
    assertThatThrownBy(old::open).isInstanceOf(IOException.class);
    assertThat(TestRepos.answer(store.repos(), everybody(REPO), COMMIT, "info"))
        .hasValueSatisfying(answer -> assertThat(answer.value()).isEqualTo(young));
  }

  @Test
  void a_full_disk_leaves_the_answer_before() throws Exception {
    put(LARGE, NOW.minusSeconds(9));
    for (int call = 1; ; call++) {
      disk.fail(call, TestDisk.Fault.DISK_FULL);
      byte[] young = bytes(call, LARGE.length);
      try {
        put(young, NOW);
      } catch (IOException e) {
        assertThat(disk.failed()).isTrue();
      }
      boolean failed = disk.failed();
      disk.fail(Integer.MAX_VALUE, TestDisk.Fault.NONE);
      Optional<Observation<byte[]>> answer =
          TestRepos.answer(store.repos(), everybody(REPO), COMMIT, "info");
      assertThat(answer).isPresent();
      assertThat(answer.get().value()).isIn(LARGE, young);
      if (!failed) {
        assertThat(answer.get().value()).isEqualTo(young);
        return;
      }
      if (Arrays.equals(answer.get().value(), young)) {
        put(LARGE, NOW);
      }
    }
  }

  @Test
  void what_an_answer_takes_of_the_budget_is_given_back() throws Exception {
    MemoryBudget budget = new MemoryBudget(4 << 20, Duration.ZERO);
    try (MemoryBudget.Reservation memory = budget.reservation("test");
        AnswerWriter writer = store.repos().newAnswer(REPO, COMMIT, "info", memory)) {
      long peak = 0;
      for (int i = 0; i < 1000; i++) {
        writer.write(LARGE, 0, 10_000);
        peak = Math.max(peak, budget.usage().used());
      }
      assertThat(peak).isBetween(1L, 2L * StoredAnswer.SMALL);
      writer.commit(NOW);
    }
    assertThat(budget.usage().used()).isZero();
    assertThat(get().orElseThrow().length()).isEqualTo(10_000_000);
  }

  @Test
  void an_answer_that_is_too_large_is_not_kept() throws Exception {
    try (MemoryBudget.Reservation memory = TestRepos.budget().reservation("test");
        AnswerWriter writer = store.repos().newAnswer(REPO, COMMIT, "info", memory)) {
      byte[] megabyte = new byte[1 << 20];
      for (long left = StoredAnswer.MAX_LENGTH; left > 0; left -= megabyte.length) {
        writer.write(megabyte);
      }
      assertThatThrownBy(() -> writer.write(0)).isInstanceOf(IOException.class);
    }
    assertThat(get()).isEmpty();
  }
}
