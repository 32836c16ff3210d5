package io.intrahub.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
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
    budget.reservation("b").grow(100);
    assertThat(budget.usage()).isEqualTo(new MemoryBudget.Usage(400, 200, 1));
  }

  @Test
  void all_owners_together_get_no_more_than_the_total() throws Exception {
    for (String owner : new String[] {"a", "b", "c", "d"}) {
      budget.reservation(owner).grow(100);
    }
    assertThatThrownBy(() -> budget.reservation("e").grow(1))
        .isInstanceOf(BudgetExhaustedException.class);
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
