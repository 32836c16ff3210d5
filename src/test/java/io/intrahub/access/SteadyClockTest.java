package io.intrahub.access;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.testing.SettableClock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SteadyClockTest {
  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration HOUR = Duration.ofHours(1);

  private final SettableClock system = new SettableClock();
  private final AtomicLong elapsed = new AtomicLong(-5);
  private final SteadyClock clock = new SteadyClock(system, elapsed::get);
  private final Instant start = system.instant();

  private void pass(Duration time) {
    system.pass(time);
    elapsed.addAndGet(time.toNanos());
  }

  @Test
  void it_shows_the_time_of_the_system() {
    pass(HOUR);
    assertThat(clock.instant()).isEqualTo(start.plus(HOUR));
    pass(HOUR);
    assertThat(clock.instant()).isEqualTo(system.instant());
  }

  @Test
  void when_the_system_is_set_back_it_goes_on() {
    pass(HOUR);
    system.setBack(DAY);
    assertThat(clock.instant()).isEqualTo(start.plus(HOUR));
    pass(HOUR);
    system.setBack(DAY);
    pass(HOUR);
    assertThat(clock.instant()).isEqualTo(start.plus(HOUR.multipliedBy(3)));
  }

  /** Nobody looked at the clock for three hours, in which it went forward by two. */
  @Test
  void a_step_back_between_two_looks_is_noticed_although_time_went_on() {
    pass(HOUR);
    system.setBack(HOUR);
    pass(HOUR.multipliedBy(2));
    assertThat(clock.instant()).isEqualTo(start.plus(HOUR.multipliedBy(3)));
  }

  /** The time in which a machine sleeps does not elapse for the process, and must count. */
  @Test
  void when_the_system_is_set_forward_it_follows() {
    system.pass(DAY);
    assertThat(clock.instant()).isEqualTo(start.plus(DAY));
    system.setBack(DAY);
    assertThat(clock.instant()).isEqualTo(start.plus(DAY));
    pass(HOUR);
    assertThat(clock.instant()).isEqualTo(start.plus(DAY).plus(HOUR));
  }

  @Test
  void a_small_correction_makes_it_wait_and_moves_it_no_further_from_the_system() {
    pass(HOUR);
    clock.instant();
    system.setBack(Duration.ofMillis(900));
    assertThat(clock.instant()).isEqualTo(start.plus(HOUR));
    pass(Duration.ofSeconds(2));
    assertThat(clock.instant()).isEqualTo(system.instant());
  }
}
