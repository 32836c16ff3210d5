package io.intrahub.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SingleFlightTest {
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final SingleFlight<String, Integer> flights = new SingleFlight<>(threads);

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(20, TimeUnit.SECONDS);
  }

  @Test
  void many_askers_share_one_piece_of_work() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    AtomicInteger runs = new AtomicInteger();
    List<CompletableFuture<Integer>> answers = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      answers.add(flights.join("k", () -> after(gate, runs.incrementAndGet())));
    }
    assertThat(flights.size()).isEqualTo(1);
    gate.countDown();
    for (CompletableFuture<Integer> answer : answers) {
      assertThat(get(answer)).isEqualTo(1);
    }
    assertThat(flights.size()).isZero();
    assertThat(get(flights.join("k", runs::incrementAndGet))).isEqualTo(2);
  }

  private static <T> T after(CountDownLatch gate, T value) {
    try {
      assertThat(gate.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return value;
  }

  @Test
  void a_flight_that_is_not_admitted_is_not_begun_but_one_under_way_is_joined() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    AtomicInteger asked = new AtomicInteger();
    assertThat(flights.join("k", () -> asked.incrementAndGet() < 0, () -> 1)).isEmpty();
    assertThat(flights.size()).isZero();

    CompletableFuture<Integer> first =
        flights.join("k", () -> asked.incrementAndGet() > 0, () -> after(gate, 2)).orElseThrow();
    CompletableFuture<Integer> second =
        flights.join("k", () -> asked.incrementAndGet() < 0, () -> 3).orElseThrow();
    gate.countDown();
    assertThat(get(first)).isEqualTo(2);
    assertThat(get(second)).isEqualTo(2);
    assertThat(asked).as("who joins is not asked for").hasValue(2);
  }

  @Test
  void another_key_does_not_wait() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    CompletableFuture<Integer> slow = flights.join("slow", () -> after(gate, 1));
    assertThat(get(flights.join("quick", () -> 2))).isEqualTo(2);
    assertThat(slow).isNotDone();
    gate.countDown();
    assertThat(get(slow)).isEqualTo(1);
  }

  @Test
  void one_who_gives_up_harms_nobody() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    CompletableFuture<Integer> impatient = flights.join("k", () -> after(gate, 1));
    CompletableFuture<Integer> liar = flights.join("k", () -> 2);
    CompletableFuture<Integer> patient = flights.join("k", () -> 3);
    impatient.cancel(true);
    liar.complete(99);
    gate.countDown();
    assertThat(get(patient)).isEqualTo(1);
  }

  @Test
  void a_failure_reaches_all_and_is_not_kept() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    IllegalStateException broken = new IllegalStateException("broken");
    CompletableFuture<Integer> first =
        flights.join(
            "k",
            () -> {
              after(gate, 0);
              throw broken;
            });
    CompletableFuture<Integer> second = flights.join("k", () -> 1);
    gate.countDown();
    for (CompletableFuture<Integer> one : List.of(first, second)) {
      assertThatThrownBy(() -> get(one)).isInstanceOf(ExecutionException.class).hasCause(broken);
    }
    assertThat(get(flights.join("k", () -> 5))).isEqualTo(5);
  }

  @Test
  void an_error_of_the_work_leaves_no_flight_behind() throws Exception {
    CompletableFuture<Integer> answer =
        flights.join(
            "k",
            () -> {
              throw new AssertionError("a bug");
            });
    assertThatThrownBy(() -> get(answer)).hasCauseInstanceOf(AssertionError.class);
    assertThat(flights.size()).isZero();
  }

  @Test
  void an_executor_that_rejects_leaves_no_flight_behind() {
    SingleFlight<String, Integer> rejected =
        new SingleFlight<>(task -> {
          throw new RejectedExecutionException("closed");
        });
    CompletableFuture<Integer> answer = rejected.join("k", () -> 1);
    assertThatThrownBy(() -> get(answer)).hasCauseInstanceOf(RejectedExecutionException.class);
    assertThat(rejected.size()).isZero();
  }

  @Test
  void an_executor_without_a_thread_to_give_leaves_no_flight_behind() {
    SingleFlight<String, Integer> starved =
        new SingleFlight<>(task -> {
          throw new OutOfMemoryError("unable to create native thread");
        });
    CompletableFuture<Integer> answer = starved.join("k", () -> 1);
    assertThatThrownBy(() -> get(answer)).hasCauseInstanceOf(OutOfMemoryError.class);
    assertThat(starved.size()).isZero();
  }

  @Test
  void work_on_the_askers_own_thread_works_too() throws Exception {
    SingleFlight<String, Integer> direct = new SingleFlight<>(Runnable::run);
    assertThat(get(direct.join("k", () -> 1))).isEqualTo(1);
    assertThat(get(direct.join("k", () -> 2))).isEqualTo(2);
  }

  /** Whoever saw a result and asks again must not get an older one. */
  @ParameterizedTest
  @ValueSource(longs = {51, 52, 53})
  void no_answer_is_older_than_its_question(long seed) throws Exception {
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      int askers = 1 + random.nextInt(8);
      boolean fails = random.nextInt(4) == 0;
      String key = "k" + random.nextInt(2);
      AtomicInteger runs = new AtomicInteger();
      CountDownLatch start = new CountDownLatch(1);
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (int i = 0; i < askers; i++) {
        all.add(
            CompletableFuture.runAsync(
                () -> {
                  after(start, 0);
                  int before = runs.get();
                  int answer =
                      flights
                          .join(
                              key,
                              () -> {
                                int run = runs.incrementAndGet();
                                if (fails) {
                                  throw new IllegalStateException("run " + run);
                                }
                                return run;
                              })
                          .exceptionally(e -> Integer.MAX_VALUE)
                          .join();
                  assertThat(answer).isGreaterThanOrEqualTo(Math.max(1, before));
                },
                threads));
      }
      start.countDown();
      for (CompletableFuture<Void> one : all) {
        get(one);
      }
      assertThat(runs.get()).as("seed %d, round %d", seed, round).isBetween(1, askers);
      assertThat(flights.size()).isZero();
    }
  }
}
