package io.intrahub.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class GuardedFolderTest {
  private static final Optional<Boolean> HERE = Optional.of(true);
  private static final Duration LIMIT = Duration.ofMillis(50);

  private final CountDownLatch answers = new CountDownLatch(1);
  private final AtomicInteger hanging = new AtomicInteger();
  private final AtomicLong time = new AtomicLong();
  private final GuardedFolder timed = new GuardedFolder(Path.of("/mnt/models"), LIMIT, time::get);

  // Once it hangs, it is not probed before fifteen times this have passed.
  private final GuardedFolder folder =
      new GuardedFolder(Path.of("/mnt/models"), Duration.ofMillis(200));

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
    List<Boolean> hung = new ArrayList<>();
    CompletableFuture<Boolean> read =
        timed.readLong(
            false,
            goesOn -> {
              // Ten times as long as a part may take.
              for (int part = 0; part < 40; part++) {
                time.addAndGet(LIMIT.toNanos() / 2);
                goesOn.run();
                hung.add(timed.hangs());
              }
              return true;
            });
    assertThat(read).succeedsWithin(Duration.ofSeconds(20)).isEqualTo(true);
    assertThat(hung).hasSize(40).containsOnly(false);
  }

  /** Each of its names is a part, so a large folder may be listed for minutes. */
  @Test
  void what_is_listed_at_length_keeps_nobody_from_looking() throws Exception {
    List<CompletableFuture<Optional<Boolean>>> lists = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      lists.add(
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return timed.lookLong(_ -> hang(HERE));
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              },
              Thread::startVirtualThread));
    }
    await().until(() -> hanging.get() == 8);
    assertThat(timed.look(() -> HERE)).isPresent();
    answers.countDown();
    for (CompletableFuture<Optional<Boolean>> list : lists) {
      assertThat(list).succeedsWithin(Duration.ofSeconds(20)).isEqualTo(HERE);
    }
  }

  @Test
  void a_listing_that_nobody_waits_for_ends() throws Exception {
    CountDownLatch ended = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(1);
    Thread client =
        Thread.startVirtualThread(() -> {
          try {
            var _ =
                timed.lookLong(goesOn -> {
                  try {
                    while (answers.getCount() > 0) {
                      begun.countDown();
                      goesOn.run();
                      Thread.onSpinWait();
                    }
                    return HERE;
                  } catch (CancellationException e) {
                    ended.countDown();
                    throw e;
                  }
                });
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    begun.await();
    client.interrupt();
    assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
  }

  /** The calls of a share that was unmounted by force may never return. */
  @Test
  void a_share_that_is_mounted_again_is_used_again_though_calls_of_the_old_one_hang()
      throws Exception {
    List<CompletableFuture<Boolean>> verified = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      verified.add(timed.readLong(false, _ -> hang(true)));
    }
    await().until(() -> hanging.get() == 8);
    CompletableFuture<Integer> queued = timed.readLong(false, _ -> 7);
    time.addAndGet(LIMIT.multipliedBy(2).toNanos());
    assertThat(timed.hangs()).isTrue();
    assertThat(timed.look(() -> HERE)).as("not probed yet").isEmpty();
    assertThat(queued).isNotDone();

    time.addAndGet(LIMIT.multipliedBy(15).toNanos());
    assertThat(timed.look(() -> HERE)).as("nobody waits for the probe").isEmpty();
    await().until(() -> !timed.hangs());
    assertThat(timed.look(() -> HERE)).isPresent();
    assertThat(hanging.get()).isEqualTo(8);
    assertThat(queued).succeedsWithin(Duration.ofSeconds(10)).isEqualTo(7);
    for (CompletableFuture<Boolean> each : verified) {
      assertThatThrownBy(each::get)
          .as("it says nothing of the file")
          .hasCauseInstanceOf(SeedBlobs.InterruptedSeedException.class);
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
