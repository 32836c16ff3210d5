package io.intrahub.base;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.base.DirectBufferPool.Loan;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What one client gets of the buffers through which files are sent, and what it leaves. */
@Timeout(60)
class BufferSharesTest {
  private static final int KIB = 1024;
  private static final int LARGE = 512 * KIB;
  private static final long TOTAL = 96L << 20;
  private static final BufferOwner GREEDY = BufferOwner.of("192.0.2.1");
  private static final BufferOwner OTHER = BufferOwner.of("192.0.2.2");

  private final DirectBufferPool pool = new DirectBufferPool(TOTAL);

  private List<Integer> borrow(BufferOwner owner, int buffers) {
    return IntStream.range(0, buffers)
        .mapToObj(_ -> pool.borrowNow(owner).buffer().capacity())
        .toList();
  }

  /** With these, it is as fast as a client of a mirror that knows no shares. */
  @Test
  void a_client_that_is_alone_gets_large_buffers_up_to_half_of_the_pool() {
    assertThat(borrow(GREEDY, 96)).containsOnly(LARGE);
    assertThat(pool.lent()).isEqualTo(TOTAL / 2);
    assertThat(borrow(GREEDY, 1)).containsExactly(128 * KIB);
  }

  @Test
  void one_that_takes_all_it_can_leaves_a_quarter_of_the_pool_and_of_the_spare_buffers() {
    List<Integer> sizes = borrow(GREEDY, 1_024);
    assertThat(sizes).isSortedAccordingTo(Collections.reverseOrder());
    assertThat(pool.lent()).isBetween(TOTAL * 74 / 100, TOTAL * 75 / 100);
    assertThat(pool.usage().largest()).isEqualTo(pool.lent());
    assertThat(pool.usage().spares()).isEqualTo(DirectBufferPool.SPARES * 75 / 100);
    assertThat(sizes.getLast()).isEqualTo(DirectBufferPool.LAST);
    assertThat(sizes.stream().filter(size -> size == DirectBufferPool.LAST).count())
        .as("hardly any of the requests that a client may have by default")
        .isLessThan(16);
  }

  @Test
  void another_client_gets_large_buffers_all_the_same() {
    borrow(GREEDY, 3_000);
    assertThat(borrow(OTHER, 16)).containsOnly(LARGE);
    assertThat(borrow(OTHER, 100)).as("and no spare one for long").doesNotContain(16 * KIB);
  }

  /** A few of them leave large ones; what many addresses do together is not limited. */
  @ParameterizedTest
  @CsvSource({"2,512", "4,512", "8,128", "16,32"})
  void another_client_gets_a_pooled_buffer_while_several_take_all_they_can(int several, int size) {
    for (int round = 0; round < 3_000; round++) {
      for (int i = 0; i < several; i++) {
        pool.borrowNow(BufferOwner.of("greedy " + i));
      }
    }
    assertThat(borrow(OTHER, 1)).containsExactly(size * KIB);
  }

  @Test
  void one_that_takes_all_spare_buffers_it_can_leaves_some_to_another() throws Exception {
    while (pool.lent() < TOTAL) {
      pool.borrow();
    }
    borrow(GREEDY, 3_000);
    assertThat(borrow(OTHER, 96)).containsOnly(16 * KIB);
  }

  @Test
  void many_tokens_of_one_address_and_one_token_of_many_addresses_are_one_client() {
    for (int i = 0; i < 3_000; i++) {
      pool.borrowNow(new BufferOwner("192.0.2.1", Optional.of("token " + i)));
    }
    assertThat(pool.usage().largest()).isLessThanOrEqualTo(TOTAL * 75 / 100);
    assertThat(borrow(OTHER, 16)).as("whatever the number of tokens").containsOnly(LARGE);

    for (int i = 0; i < 30_000; i++) {
      pool.borrowNow(new BufferOwner("198.51.100." + i, Optional.of("one token")));
    }
    assertThat(pool.lent()).as("of the rest, again, not all").isLessThan(TOTAL * 97 / 100);
  }

  /** The shares are for one that takes much, not for many that take little. */
  @Test
  void a_crowd_of_clients_with_one_stream_each_gets_what_the_pool_has() throws Exception {
    DirectBufferPool unshared = new DirectBufferPool(TOTAL);
    for (int i = 0; i < 930; i++) {
      int size = pool.borrowNow(BufferOwner.of("client " + i)).buffer().capacity();
      assertThat(size).as("client %d", i).isEqualTo(unshared.borrow().buffer().capacity());
    }
    assertThat(pool.lent()).isGreaterThan(TOTAL * 99 / 100);
  }

  private static IntStream seeds() {
    return IntStream.range(0, 100);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void no_owner_gets_more_than_its_share_and_everything_comes_back(int seed) {
    Random random = new Random(seed);
    long total = (1L + random.nextInt(32)) << 20;
    DirectBufferPool some = new DirectBufferPool(total);
    int clients = 1 + random.nextInt(6);
    Deque<Map.Entry<String, Loan>> loans = new ArrayDeque<>();
    Map<String, Long> held = new HashMap<>();
    for (int step = 0; step < 3_000; step++) {
      if (random.nextInt(5) < 3 || loans.isEmpty()) {
        // The first of them wants most.
        String client = "client " + Math.max(0, random.nextInt(2 * clients) - clients);
        Optional<String> token =
            random.nextBoolean() ? Optional.of("token " + random.nextInt(3)) : Optional.empty();
        Loan loan = some.borrowNow(new BufferOwner(client, token));
        long size = loan.buffer().isDirect() ? loan.buffer().capacity() : 0;
        loans.add(Map.entry(client, loan));
        held.merge(client, size, Long::sum);
        long others = some.lent() - held.get(client);
        if (size > 0) {
          assertThat(held.get(client))
              .as("seed %d, step %d", seed, step)
              .isLessThanOrEqualTo((total - others) * 75 / 100);
        }
      } else {
        Map.Entry<String, Loan> back =
            random.nextBoolean() ? loans.removeFirst() : loans.pollLast();
        Loan loan = back.getValue();
        long size = loan.buffer().isDirect() ? loan.buffer().capacity() : 0;
        loan.close();
        held.merge(back.getKey(), -size, Long::sum);
      }
      assertThat(some.lent()).isEqualTo(held.values().stream().mapToLong(b -> b).sum());
      assertThat(some.usage().largest()).isEqualTo(Collections.max(held.values()));
    }
    loans.forEach(loan -> loan.getValue().close());
    assertThat(some.usage()).isEqualTo(new DirectBufferPool.Usage(total, 0, 0, 0));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void many_threads_of_several_clients_give_everything_back(long seed) throws Exception {
    DirectBufferPool some = new DirectBufferPool(2L << 20);
    List<CompletableFuture<Void>> all = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 40; i++) {
        Random random = new Random(seed * 100 + i);
        BufferOwner owner = new BufferOwner("client " + i % 4, Optional.of("token " + i % 3));
        all.add(
            CompletableFuture.runAsync(
                () -> {
                  for (int round = 0; round < 200; round++) {
                    try (Loan loan = some.borrowNow(owner)) {
                      int mark = random.nextInt();
                      loan.buffer().putInt(0, mark);
                      Thread.yield();
                      assertThat(loan.buffer().getInt(0)).isEqualTo(mark);
                    }
                  }
                },
                threads));
      }
      for (CompletableFuture<Void> one : all) {
        one.get(30, TimeUnit.SECONDS);
      }
    }
    assertThat(some.usage()).isEqualTo(new DirectBufferPool.Usage(2L << 20, 0, 0, 0));
  }
}
