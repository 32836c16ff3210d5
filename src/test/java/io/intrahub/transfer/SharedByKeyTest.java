package io.intrahub.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.intrahub.base.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SharedByKeyTest {
  private final SharedByKey<String, Shared> values = new SharedByKey<>();

  /** A value with what removes it. */
  private record Shared(String key, Runnable remove) {}

  private Optional<Shared> get(String key) throws IOException, InterruptedException {
    return get(key, remove -> Optional.of(new Shared(key, remove)));
  }

  private Optional<Shared> get(String key, SharedByKey.Maker<Shared> maker)
      throws IOException, InterruptedException {
    return values.get(key, maker, Deadline.in(Duration.ofSeconds(20)));
  }

  @Test
  void a_value_is_shared_until_it_is_removed() throws Exception {
    Shared first = get("a").orElseThrow();
    assertThat(get("a")).containsSame(first);
    assertThat(get("b").orElseThrow()).isNotSameAs(first);
    first.remove().run();
    Shared second = get("a").orElseThrow();
    assertThat(second).isNotSameAs(first);
    first.remove().run();
    assertThat(get("a")).as("only its own entry is removed").containsSame(second);
  }

  @Test
  void what_was_not_made_is_tried_again_by_the_next() throws Exception {
    assertThat(get("a", _ -> Optional.empty())).isEmpty();
    assertThat(values.size()).isZero();
    assertThatThrownBy(() -> get("a", _ -> fail("disk"))).isInstanceOf(IOException.class);
    assertThat(values.size()).isZero();
    assertThat(get("a")).isPresent();
  }

  @Test
  void a_value_that_is_removed_while_it_is_made_does_not_stay() throws Exception {
    assertThat(
            get(
                "a",
                remove -> {
                  remove.run();
                  return Optional.of(new Shared("a", remove));
                }))
        .isPresent();
    assertThat(values.size()).isZero();
  }

  @Test
  void the_failure_of_one_caller_is_not_that_of_those_who_wait_for_it() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Optional<Shared>> failing =
          threads.submit(() ->
              get(
                  "a",
                  _ -> {
                    begun.countDown();
                    awaitQuietly(go);
                    throw new IOException("closed by an interrupt");
                  }));
      begun.await();
      Future<Optional<Shared>> waiting = threads.submit(() -> get("a"));
      go.countDown();
      assertThatThrownBy(failing::get).hasCauseInstanceOf(IOException.class);
      // It waited and may try again, or it came later and made the value itself.
      waiting.get();
      assertThat(get("a")).isPresent();
    }
  }

  @Test
  void a_wait_ends_with_the_deadline() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Optional<Shared>> slow =
          threads.submit(() ->
              get(
                  "a",
                  remove -> {
                    begun.countDown();
                    awaitQuietly(go);
                    return Optional.of(new Shared("a", remove));
                  }));
      begun.await();
      assertThat(values.get("a", _ -> fail("not asked"), Deadline.in(Duration.ofMillis(1))))
          .isEmpty();
      go.countDown();
      assertThat(slow.get()).isPresent();
    }
  }

  /** Some makers fail, in each way they can; some values are removed while others ask for them. */
  @Test
  void at_any_time_there_is_at_most_one_value_of_a_key() throws Exception {
    int threadCount = 8;
    int rounds = 3_000;
    Map<String, AtomicInteger> alive = new ConcurrentHashMap<>();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger made = new AtomicInteger();
    AtomicInteger joined = new AtomicInteger();
    CyclicBarrier start = new CyclicBarrier(threadCount);
    try (ExecutorService threads = Executors.newFixedThreadPool(threadCount)) {
      List<Future<?>> all = new ArrayList<>();
      for (int t = 0; t < threadCount; t++) {
        Random random = new Random(4711 + t);
        all.add(
            threads.submit(() -> {
              start.await();
              for (int i = 0; i < rounds; i++) {
                // Names with one hash code, which share a bin.
                String key = random.nextBoolean() ? "Aa" : "BB";
                int fault = random.nextInt(8);
                boolean[] own = {false};
                Optional<Shared> got;
                try {
                  got =
                      get(
                          key,
                          remove -> {
                            AtomicInteger count =
                                alive.computeIfAbsent(key, _ -> new AtomicInteger());
                            most.accumulateAndGet(count.incrementAndGet(), Math::max);
                            own[0] = true;
                            Thread.yield();
                            return switch (fault) {
                              case 0 -> {
                                count.decrementAndGet();
                                yield fail("disk");
                              }
                              case 1 -> {
                                count.decrementAndGet();
                                throw new IllegalStateException("a fault");
                              }
                              case 2 -> {
                                count.decrementAndGet();
                                yield Optional.empty();
                              }
                              default -> Optional.of(new Shared(key, remove));
                            };
                          });
                } catch (IOException | IllegalStateException e) {
                  assertThat(own[0]).as("a failure is the caller's own").isTrue();
                  continue;
                }
                if (own[0] && got.isPresent()) {
                  made.incrementAndGet();
                  Thread.yield();
                  alive.get(key).decrementAndGet();
                  got.get().remove().run();
                } else if (got.isPresent()) {
                  assertThat(got.get().key()).isEqualTo(key);
                  joined.incrementAndGet();
                }
              }
              return null;
            }));
      }
      for (Future<?> one : all) {
        one.get(50, TimeUnit.SECONDS);
      }
    }
    assertThat(most).hasValue(1);
    assertThat(values.size()).isZero();
    assertThat(made).hasPositiveValue();
    assertThat(joined).hasPositiveValue();
    await().until(() -> alive.values().stream().allMatch(a -> a.get() == 0));
  }

  private static Optional<Shared> fail(String why) throws IOException {
    throw new IOException(why);
  }

  private static void awaitQuietly(CountDownLatch latch) throws IOException {
    try {
      if (!latch.await(20, TimeUnit.SECONDS)) {
        throw new IOException("nobody opened the latch");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }
}
