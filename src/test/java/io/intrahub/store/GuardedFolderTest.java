package io.intrahub.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GuardedFolderTest {
  private static final Optional<Boolean> HERE = Optional.of(true);

  private final CountDownLatch answers = new CountDownLatch(1);
  private final AtomicInteger hanging = new AtomicInteger();
  private final GuardedFolder folder =
      new GuardedFolder(Path.of("/mnt/models"), Duration.ofMillis(50));

  @AfterEach
  void letGo() {
    answers.countDown();
  }

  /** As a call of a share whose server is away. */
  private <T> T hang(T result) {
    hanging.incrementAndGet();
    while (answers.getCount() > 0) {
      try {
        answers.await();
      } catch (InterruptedException e) {
        // Nor would a thread that waits for a disk end.
      }
    }
    hanging.decrementAndGet();
    return result;
  }

  @Test
  void a_read_that_does_not_return_is_not_waited_for() throws Exception {
    assertThat(folder.read(() -> hang(HERE))).isEmpty();
    assertThat(folder.hangs()).isTrue();
    assertThat(folder.look(() -> HERE)).as("a folder that hangs").isEmpty();
    assertThat(folder.read(() -> HERE)).isEmpty();
    await().until(() -> hanging.get() == 1);

    answers.countDown();
    await().until(() -> folder.look(() -> HERE).isPresent());
    assertThat(folder.hangs()).isFalse();
  }

  /** Those who look at a folder do not wait behind those who read large files in it. */
  @Test
  void what_is_read_at_length_keeps_nobody_from_looking() throws Exception {
    GuardedFolder patient = new GuardedFolder(Path.of("/mnt/models"), Duration.ofMinutes(1));
    List<CompletableFuture<Boolean>> twenty = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      twenty.add(patient.readLong(false, _ -> hang(true)));
    }
    await().until(() -> hanging.get() == 8);
    assertThat(patient.look(() -> HERE)).isPresent();
    assertThat(patient.read(() -> HERE)).isPresent();
    assertThat(patient.readLong(true, _ -> 1).get()).isEqualTo(1);
    assertThat(hanging.get()).as("eight at a time").isEqualTo(8);
    answers.countDown();
    for (CompletableFuture<Boolean> each : twenty) {
      assertThat(each.get()).isTrue();
    }
  }

  /** However large a file is. */
  @Test
  void what_goes_on_is_not_late() {
    CompletableFuture<Boolean> read =
        folder.readLong(
            false,
            goesOn -> {
              long end = System.nanoTime() + Duration.ofMillis(500).toNanos();
              while (System.nanoTime() - end < 0) {
                goesOn.run();
                LockSupport.parkNanos(1_000_000);
              }
              return true;
            });
    assertThat(read).succeedsWithin(Duration.ofSeconds(20)).isEqualTo(true);
  }

  /** The calls of a share that was unmounted by force may never return. */
  @Test
  void a_share_that_is_mounted_again_is_used_again_though_calls_of_the_old_one_hang() {
    List<CompletableFuture<Boolean>> verified = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      verified.add(folder.readLong(false, _ -> hang(true)));
    }
    CompletableFuture<Integer> queued = folder.readLong(false, _ -> 7);
    await().until(folder::hangs);
    assertThat(queued).isNotDone();

    await().until(() -> folder.look(() -> HERE).isPresent());
    assertThat(hanging.get()).isEqualTo(8);
    assertThat(queued).succeedsWithin(Duration.ofSeconds(10)).isEqualTo(7);
    for (CompletableFuture<Boolean> each : verified) {
      assertThatThrownBy(each::get).hasCauseInstanceOf(IOException.class);
    }
  }

  /** Each probe may cost a thread. */
  @Test
  void a_folder_that_hangs_is_probed_a_few_times_only() throws Exception {
    assertThat(folder.look(() -> hang(HERE))).isEmpty();
    await().until(() -> folder.look(() -> hang(HERE)).isPresent() || hanging.get() == 2);
    for (int i = 0; i < 1_000; i++) {
      assertThat(folder.look(() -> hang(HERE))).isEmpty();
    }
    assertThat(hanging.get()).isLessThan(4);
  }

  @Test
  void an_error_is_given_to_whoever_looks() {
    GuardedFolder patient = new GuardedFolder(Path.of("/mnt/models"), Duration.ofMinutes(1));
    assertThatThrownBy(() ->
            patient.look(() -> {
              throw new IOException("Input/output error");
            }))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("Input/output error");
    assertThat(patient.hangs()).isFalse();
  }
}
