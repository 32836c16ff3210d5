package io.intrahub.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads and writes that overlap, in front of a store that is as slow as the test wants. */
final class FactCacheTest {
  private static final String KEY = "key";

  private final ConcurrentHashMap<String, Integer> store = new ConcurrentHashMap<>();
  private final FactCache<String, Integer> cache = new FactCache<>(1000, (key, value) -> 1);

  private int load(String key) {
    return store.getOrDefault(key, 0);
  }

  private static void pass(CountDownLatch latch) {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** A load that read the old value and returns it only when it is let go. */
  private Future<Integer> slowRead(
      ExecutorService threads, CountDownLatch reading, CountDownLatch goOn) {
    return threads.submit(() ->
        cache.get(
            KEY,
            key -> {
              int old = load(key);
              reading.countDown();
              pass(goOn);
              return old;
            }));
  }

  @Test
  void a_slow_read_does_not_bring_back_what_was_overwritten() throws Exception {
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    store.put(KEY, 1);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Integer> reader = slowRead(threads, reading, goOn);
      pass(reading);
      // The write does not wait for the read.
      cache.put(KEY, 2, () -> store.put(KEY, 2));
      goOn.countDown();
      assertThat(reader.get()).isEqualTo(2);
    }
    assertThat(cache.get(KEY, this::load)).isEqualTo(2);
  }

  @Test
  void a_slow_read_is_not_kept_when_the_store_has_decided_meanwhile() throws Exception {
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    store.put(KEY, 1);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Integer> reader = slowRead(threads, reading, goOn);
      pass(reading);
      cache.writeUnknown(KEY, () -> store.put(KEY, 2));
      goOn.countDown();
      reader.get();
    }
    assertThat(cache.get(KEY, this::load)).isEqualTo(2);
  }

  @Test
  void nobody_waits_for_a_slow_write_but_the_next_write_of_that_key() throws Exception {
    CountDownLatch writing = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger writes = new AtomicInteger();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> first =
          threads.submit(() ->
              cache.put(
                  KEY,
                  1,
                  () -> {
                    writing.countDown();
                    pass(goOn);
                    store.put(KEY, writes.incrementAndGet());
                  }));
      pass(writing);
      // This thread would wait for ever.
      assertThat(cache.get(KEY, this::load)).isEqualTo(1);
      assertThat(cache.get("other", this::load)).isZero();
      AtomicInteger started = new AtomicInteger();
      Future<?> second =
          threads.submit(() -> {
            started.incrementAndGet();
            cache.put(KEY, 2, () -> store.put(KEY, writes.incrementAndGet()));
          });
      await().until(() -> started.get() == 1);
      assertThat(second.isDone()).isFalse();
      goOn.countDown();
      first.get();
      second.get();
    }
    assertThat(cache.get(KEY, this::load)).isEqualTo(2);
    assertThat(store).containsEntry(KEY, 2);
  }

  @Test
  void a_value_that_is_evicted_while_it_is_written_is_still_known() {
    FactCache<String, Integer> none = new FactCache<>(0, (key, value) -> 1);
    List<Integer> seen = new ArrayList<>();
    none.put(
        KEY,
        7,
        () -> {
          seen.add(none.get(KEY, this::load));
          store.put(KEY, 7);
        });
    assertThat(seen).containsExactly(7);
    assertThat(none.get(KEY, this::load)).isEqualTo(7);
  }

  /** With a cache of hardly any entries, so that values are evicted and loaded all the time. */
  @Tag("slow")
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void after_any_race_the_cache_says_what_the_store_has(long seed) throws Exception {
    FactCache<String, Integer> small = new FactCache<>(1 + seed % 3, (key, value) -> 1);
    Random seeds = new Random(seed);
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      for (int round = 0; round < 300; round++) {
        List<Future<?>> all = new ArrayList<>();
        for (int thread = 0; thread < 3; thread++) {
          Random random = new Random(seeds.nextLong());
          all.add(threads.submit(() -> readAndWrite(small, random)));
        }
        for (Future<?> one : all) {
          one.get();
        }
        for (String key : List.of("a", "b")) {
          Integer known = small.known(key);
          assertThat(known == null ? load(key) : known)
              .as("seed %d, round %d, %s", seed, round, key)
              .isEqualTo(load(key));
        }
      }
    }
  }

  private void readAndWrite(FactCache<String, Integer> small, Random random) {
    for (int i = 0; i < 4; i++) {
      String key = random.nextBoolean() ? "a" : "b";
      int value = random.nextInt();
      int pause = random.nextInt(4);
      switch (random.nextInt(4)) {
        case 0 -> small.put(key, value, () -> store(pause, key, value));
        case 1 -> small.writeUnknown(key, () -> store(pause, key, value));
        default ->
            small.get(
                key,
                k -> {
                  int loaded = load(k);
                  pause(pause);
                  return loaded;
                });
      }
    }
  }

  private void store(int pause, String key, int value) {
    pause(pause);
    store.put(key, value);
    pause(pause);
  }

  private static void pause(int times) {
    for (int i = 0; i < times; i++) {
      Thread.yield();
    }
  }
}
