package io.intrahub.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class MemoryBudgetTest {
  private final MemoryBudget budget = new MemoryBudget(400, Duration.ZERO);

  @Test
  void what_is_closed_can_be_reserved_again() throws Exception {
    for (int i = 0; i < 10; i++) {
      try (MemoryBudget.Reservation r = budget.reservation("a")) {
        r.grow(60);
        r.grow(40);
        assertThat(budget.usage().used()).isEqualTo(100);
      }
    }
    assertThat(budget.usage().used()).isZero();
  }

  @Test
  void one_owner_gets_no_more_than_a_quarter() throws Exception {
    MemoryBudget.Reservation one = budget.reservation("a");
    MemoryBudget.Reservation two = budget.reservation("a");
    one.grow(70);
    assertThatThrownBy(() -> two.grow(31)).isInstanceOf(BudgetExhaustedException.class);
    two.grow(30);
    budget.reservation("b").grow(75);
    assertThat(budget.usage()).isEqualTo(new MemoryBudget.Usage(400, 175, 1));
  }

  @Test
  void an_owner_gets_less_when_others_hold_much() throws Exception {
    budget.reservation("a").grow(100);
    assertThatThrownBy(() -> budget.reservation("b").grow(76))
        .isInstanceOf(BudgetExhaustedException.class);
    budget.reservation("b").grow(75);
  }

  @Test
  void owners_that_take_all_they_get_leave_something_for_a_further_one() throws Exception {
    MemoryBudget large = new MemoryBudget(24 << 20, Duration.ZERO);
    for (int greedy = 0; greedy < 10; greedy++) {
      try {
        while (true) {
          large.reservation("greedy " + greedy).grow(4096);
        }
      } catch (BudgetExhaustedException e) {
        // It has all that it gets.
      }
    }
    large.reservation("modest").grow(256 << 10);
  }

  @Test
  void a_refused_reservation_keeps_what_it_had() throws Exception {
    MemoryBudget.Reservation r = budget.reservation("a");
    r.grow(90);
    assertThatThrownBy(() -> r.grow(20)).isInstanceOf(BudgetExhaustedException.class);
    assertThat(r.bytes()).isEqualTo(90);
    r.close();
    r.close();
    assertThat(budget.usage().used()).isZero();
  }

  @Test
  void released_memory_goes_to_the_owner_that_holds_the_least_though_it_came_last()
      throws Exception {
    MemoryBudget patient = new MemoryBudget(400, Duration.ofMinutes(1));
    MemoryBudget.Reservation blocker = patient.reservation("blocker");
    blocker.grow(100);
    MemoryBudget.Reservation large = patient.reservation("large");
    large.grow(60);
    List<String> order = new CopyOnWriteArrayList<>();
    Thread more = grow(large, 20, "large", order);
    await().until(() -> more.getState() == Thread.State.TIMED_WAITING);
    MemoryBudget.Reservation small = patient.reservation("small");
    Thread first = grow(small, 65, "small", order);
    await().until(() -> first.getState() == Thread.State.TIMED_WAITING);

    // Enough for either of them, but not for both.
    blocker.shrink(30);

    first.join();
    assertThat(order).containsExactly("small");
    blocker.close();
    more.join();
    assertThat(order).containsExactly("small", "large");
  }

  private static Thread grow(
      MemoryBudget.Reservation reservation, long bytes, String name, List<String> order) {
    return Thread.ofVirtual()
        .start(() -> {
          try {
            reservation.grow(bytes);
            order.add(name);
          } catch (IOException e) {
            order.add("refused " + name);
          }
        });
  }

  @Test
  void who_waits_gets_what_others_release() throws Exception {
    MemoryBudget patient = new MemoryBudget(400, Duration.ofMinutes(1));
    MemoryBudget.Reservation first = patient.reservation("a");
    first.grow(100);
    CountDownLatch started = new CountDownLatch(1);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> second =
          threads.submit(() -> {
            started.countDown();
            patient.reservation("a").grow(50);
            return null;
          });
      started.await();
      first.shrink(50);
      second.get();
    }
    assertThat(patient.usage().used()).isEqualTo(100);
  }

  @Test
  void what_can_never_fit_does_not_wait() {
    MemoryBudget patient = new MemoryBudget(400, Duration.ofHours(1));
    assertThatThrownBy(() -> patient.reservation("a").grow(101))
        .isInstanceOf(BudgetExhaustedException.class);
  }
}
