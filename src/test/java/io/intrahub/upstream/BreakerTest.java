package io.intrahub.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.testing.SettableClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class BreakerTest {
  private final SettableClock clock = new SettableClock();
  private final Breaker breaker = new Breaker(clock);

  private void pass(long seconds) {
    clock.pass(Duration.ofSeconds(seconds));
  }

  private void fail(int times) {
    for (int i = 0; i < times; i++) {
      breaker.failure("it is scripted");
    }
  }

  @Test
  void it_opens_at_the_fifth_failure_in_a_row() {
    fail(4);
    breaker.success();
    fail(4);
    assertThat(breaker.tryPass()).isTrue();
    breaker.failure("it is scripted");
    assertThat(breaker.isOpen()).isTrue();
    assertThat(breaker.tryPass()).isFalse();
  }

  @Test
  void one_probe_at_a_time_and_each_pause_is_twice_the_last() {
    fail(5);
    for (long pause : new long[] {5, 10, 20, 40, 60, 60}) {
      pass(pause - 1);
      assertThat(breaker.tryPass()).as("before " + pause).isFalse();
      pass(1);
      assertThat(breaker.isOpen()).isFalse();
      assertThat(breaker.tryPass()).as("after " + pause).isTrue();
      assertThat(breaker.tryPass()).as("a second probe").isFalse();
      breaker.failure("it is scripted");
    }
  }

  /** A load of many files is under way when the Hub goes: all its calls fail, one after another. */
  @Test
  void calls_that_were_under_way_when_it_opened_do_not_put_the_first_probe_off() {
    fail(40);
    pass(5);
    assertThat(breaker.tryPass()).isTrue();
  }

  /** They may also fail late, by their time-outs. */
  @Test
  void a_late_failure_does_not_put_the_probe_off_for_ever() {
    fail(5);
    for (int second = 0; second < 4; second++) {
      pass(1);
      fail(3);
    }
    pass(1);
    assertThat(breaker.tryPass()).isTrue();
  }

  @Test
  void a_success_closes_it_and_the_next_outage_begins_with_a_short_pause() {
    fail(5);
    pass(5);
    assertThat(breaker.tryPass()).isTrue();
    breaker.failure("it is scripted");
    pass(10);
    assertThat(breaker.tryPass()).isTrue();
    breaker.success();
    assertThat(breaker.tryPass()).isTrue();
    fail(5);
    pass(Duration.ofSeconds(5).toSeconds());
    assertThat(breaker.tryPass()).isTrue();
  }

  /** A probe that never comes back must not keep the endpoint closed for ever. */
  @Test
  void a_lost_probe_is_followed_by_another() {
    fail(5);
    pass(5);
    assertThat(breaker.tryPass()).isTrue();
    pass(5);
    assertThat(breaker.tryPass()).isTrue();
  }

  @Test
  void a_clock_that_is_set_back_does_not_keep_it_open() {
    fail(5);
    pass(-3 * 3600);
    pass(60);
    assertThat(breaker.isOpen()).isFalse();
    assertThat(breaker.tryPass()).isTrue();
    assertThat(breaker.tryPass()).isFalse();
  }
}
