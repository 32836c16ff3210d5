package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class KeyedLockTest {
  private final KeyedLock<String> locks = new KeyedLock<>();

  @Test
  void those_who_wait_come_in_order_and_others_do_not_wait() throws Exception {
    List<Integer> order = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var _ =
          threads.submit(() ->
              locks.with(
                  "a",
                  () -> {
                    held.countDown();
                    await().until(() -> release.getCount() == 0);
                    return order.add(0);
                  }));
      held.await();
      for (int i = 1; i <= 5; i++) {
        int number = i;
        Thread waiting = Thread.ofVirtual().start(() -> locks.with("a", () -> order.add(number)));
        await().until(() -> waiting.getState() == Thread.State.WAITING);
      }
      assertThat(locks.with("b", () -> "at once")).isEqualTo("at once");
      assertThat(order).isEmpty();
      release.countDown();
    }
    await().untilAsserted(() -> assertThat(order).containsExactly(0, 1, 2, 3, 4, 5));
    await().until(() -> locks.keys().isEmpty());
  }

  @Test
  void work_that_throws_lets_go_of_the_lock() {
    assertThatThrownBy(() ->
            locks.with(
                "a",
                () -> {
                  throw new IllegalStateException("a fault");
                }))
        .hasMessage("a fault");
    assertThat(locks.keys()).isEmpty();
    assertThat(locks.with("a", () -> 1)).isEqualTo(1);
  }

  @Test
  void two_threads_never_work_on_one_key_and_no_lock_is_left_over() throws Exception {
    Map<String, AtomicInteger> working =
        Map.of("Aa", new AtomicInteger(), "BB", new AtomicInteger());
    AtomicInteger most = new AtomicInteger();
    int[] done = {0, 0};
    int rounds = 5_000;
    int threadCount = 8;
    try (ExecutorService threads = Executors.newFixedThreadPool(threadCount)) {
      List<Future<?>> all = new ArrayList<>();
      for (int t = 0; t < threadCount; t++) {
        Random random = new Random(t);
        all.add(
            threads.submit(() -> {
              for (int i = 0; i < rounds; i++) {
                int number = random.nextInt(2);
                String key = number == 0 ? "Aa" : "BB";
                locks.with(
                    key,
                    () -> {
                      most.accumulateAndGet(working.get(key).incrementAndGet(), Math::max);
                      // Not atomic: the lock must order the writes.
                      done[number]++;
                      return working.get(key).decrementAndGet();
                    });
              }
            }));
      }
      for (Future<?> one : all) {
        one.get(50, TimeUnit.SECONDS);
      }
    }
    assertThat(most).hasValue(1);
    assertThat(done[0] + done[1]).isEqualTo(threadCount * rounds);
    assertThat(locks.keys()).isEmpty();
  }
}
