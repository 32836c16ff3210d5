package io.intrahub.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.intrahub.base.DirectBufferPool.Loan;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class DirectBufferPoolTest {
  private static final int KIB = 1024;
  private static final BufferOwner CLIENT = BufferOwner.of("192.0.2.1");

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  @Test
  void buffers_get_smaller_as_the_pool_fills() throws Exception {
    DirectBufferPool pool = new DirectBufferPool(4096 * KIB);
    List<Integer> sizes = new ArrayList<>();
    while (pool.lent() < 4096 * KIB) {
      sizes.add(pool.borrow().buffer().capacity() / KIB);
    }
    assertThat(sizes).startsWith(512, 512, 512, 512, 128, 128).endsWith(32, 32, 32);
    assertThat(sizes.stream().mapToInt(s -> s).sum()).isEqualTo(4096);
    assertThat(sizes).isSortedAccordingTo((a, b) -> b - a);
  }

  @Test
  void a_buffer_is_direct_cleared_and_used_again() throws Exception {
    DirectBufferPool pool = new DirectBufferPool(1024 * KIB);
    Loan first = pool.borrow();
    assertThat(first.buffer().isDirect()).isTrue();
    first.buffer().position(7).limit(9);
    first.close();
    try (Loan second = pool.borrow()) {
      assertThat(second.buffer()).isSameAs(first.buffer());
      assertThat(second.buffer().position()).isZero();
      assertThat(second.buffer().remaining()).isEqualTo(512 * KIB);
    }
  }

  @Test
  void a_loan_that_is_closed_twice_is_given_back_once() throws Exception {
    DirectBufferPool pool = new DirectBufferPool(1024 * KIB);
    Loan loan = pool.borrow();
    loan.close();
    loan.close();
    assertThat(pool.lent()).isZero();
    try (Loan one = pool.borrow();
        Loan other = pool.borrow()) {
      assertThat(one.buffer()).isNotSameAs(other.buffer());
    }
  }

  @Test
  void a_pool_too_small_for_one_large_buffer_is_refused() {
    assertThatThrownBy(() -> new DirectBufferPool(512 * KIB - 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void one_who_finds_nothing_waits_for_the_next_return() throws Exception {
    DirectBufferPool pool = new DirectBufferPool(512 * KIB);
    Deque<Loan> all = drain(pool, 512 * KIB);
    CompletableFuture<Loan> waiting = borrowLater(pool);
    assertThat(waiting).isNotDone();
    all.pop().close();
    assertThat(waiting.get(20, TimeUnit.SECONDS).buffer()).isNotNull();
  }

  /** As long as clients do that stand still. */
  @Test
  void who_may_not_wait_gets_one_of_the_heap_while_the_others_are_kept() throws Exception {
    DirectBufferPool pool = new DirectBufferPool(512 * KIB);
    try (Loan first = pool.borrowNow(CLIENT)) {
      assertThat(first.buffer().isDirect()).isTrue();
      Deque<Loan> all = drain(pool, 512 * KIB);
      for (int i = 0; i < 100; i++) {
        try (Loan spare = pool.borrowNow(CLIENT);
            Loan other = pool.borrowNow(CLIENT)) {
          assertThat(spare.buffer().isDirect()).isFalse();
          assertThat(spare.buffer().remaining()).isEqualTo(16 * KIB);
          assertThat(other.buffer()).isNotSameAs(spare.buffer());
          assertThat(pool.lent()).isEqualTo(512 * KIB);
        }
      }
      all.forEach(Loan::close);
    }
    assertThat(pool.lent()).isZero();
    try (Loan again = pool.borrowNow(CLIENT)) {
      assertThat(again.buffer().isDirect()).isTrue();
    }
  }

  @Test
  void spare_buffers_of_a_crowd_take_little_heap_and_nobody_waits_for_one() throws Exception {
    DirectBufferPool pool = new DirectBufferPool(512 * KIB);
    Deque<Loan> all = drain(pool, 512 * KIB);
    Deque<Loan> spares = new ArrayDeque<>();
    long heap = 0;
    for (int i = 0; i < 10_000; i++) {
      Loan spare = pool.borrowNow(BufferOwner.of("client " + i));
      spares.add(spare);
      heap += spare.buffer().capacity();
    }
    assertThat(heap).isBetween(8L << 20, (8L << 20) + 10_000 * 1024);
    assertThat(spares.getLast().buffer().capacity()).isEqualTo(1024);
    spares.forEach(Loan::close);
    try (Loan spare = pool.borrowNow(CLIENT)) {
      assertThat(spare.buffer().capacity()).as("when they are back").isEqualTo(16 * KIB);
    }
    all.forEach(Loan::close);
  }

  /** One large buffer makes room for several small ones. */
  @Test
  void one_return_wakes_as_many_as_there_is_room_for() throws Exception {
    DirectBufferPool pool = new DirectBufferPool(512 * KIB);
    Deque<Loan> all = drain(pool, 512 * KIB);
    List<CompletableFuture<Loan>> waiting = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      waiting.add(borrowLater(pool));
    }
    Loan large = all.removeFirst();
    assertThat(large.buffer().capacity()).isEqualTo(128 * KIB);
    large.close();
    for (CompletableFuture<Loan> one : waiting) {
      assertThat(one.get(10, TimeUnit.SECONDS).buffer().capacity()).isEqualTo(32 * KIB);
    }
  }

  @Test
  void an_interrupted_borrower_takes_nothing() throws Exception {
    DirectBufferPool pool = new DirectBufferPool(512 * KIB);
    Deque<Loan> all = drain(pool, 512 * KIB);
    AtomicBoolean stopped = new AtomicBoolean();
    Thread borrower =
        Thread.ofVirtual()
            .start(() -> {
              try {
                pool.borrow();
              } catch (InterruptedException e) {
                stopped.set(true);
              }
            });
    borrower.interrupt();
    borrower.join();
    assertThat(stopped).isTrue();
    all.forEach(Loan::close);
    assertThat(pool.lent()).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {61, 62})
  void the_bound_holds_and_nothing_leaks(long seed) throws Exception {
    int total = 2048 * KIB;
    DirectBufferPool pool = new DirectBufferPool(total);
    AtomicInteger over = new AtomicInteger();
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      Random random = new Random(seed * 100 + i);
      all.add(
          CompletableFuture.runAsync(
              () -> {
                try {
                  for (int round = 0; round < 100; round++) {
                    try (Loan loan = pool.borrow()) {
                      // Would show in another's buffer, if two had the same.
                      int mark = random.nextInt();
                      loan.buffer().putInt(0, mark);
                      if (random.nextInt(3) == 0) {
                        Thread.yield();
                      }
                      if (pool.lent() > total || loan.buffer().getInt(0) != mark) {
                        over.incrementAndGet();
                      }
                    }
                  }
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              },
              threads));
    }
    for (CompletableFuture<Void> one : all) {
      one.get(20, TimeUnit.SECONDS);
    }
    assertThat(over).hasValue(0);
    assertThat(pool.lent()).isZero();
  }

  private static Deque<Loan> drain(DirectBufferPool pool, long total) throws InterruptedException {
    Deque<Loan> all = new ArrayDeque<>();
    while (pool.lent() < total) {
      all.add(pool.borrow());
    }
    return all;
  }

  /** A borrower that is known to wait. */
  private CompletableFuture<Loan> borrowLater(DirectBufferPool pool) {
    CompletableFuture<Loan> loan = new CompletableFuture<>();
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .start(() -> {
              try {
                loan.complete(pool.borrow());
              } catch (InterruptedException e) {
                loan.cancel(true);
              }
            });
    await()
        .pollInterval(Duration.ofMillis(1))
        .until(() -> thread.getState() == Thread.State.WAITING);
    return loan;
  }
}
