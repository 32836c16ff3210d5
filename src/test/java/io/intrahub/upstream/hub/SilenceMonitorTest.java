package io.intrahub.upstream.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SilenceMonitorTest {
  private final AtomicLong nanos = new AtomicLong(-7);
  private final AtomicInteger checks = new AtomicInteger();
  private final SilenceMonitor monitor = new SilenceMonitor(Duration.ofSeconds(5), nanos::get);

  @Test
  void after_two_seconds_it_asks_for_a_sign_of_life_and_after_five_it_is_silent() {
    SilenceMonitor.Call call = monitor.began();

    assertThat(look(call)).isEqualTo(Duration.ofSeconds(2));
    assertThat(checks).hasValue(0);
    pass(2);
    assertThat(look(call)).isEqualTo(Duration.ofSeconds(2));
    assertThat(checks).hasValue(1);
    pass(2);
    assertThat(look(call)).isEqualTo(Duration.ofSeconds(1));
    assertThat(monitor.isSilent()).isFalse();
    pass(1);
    assertThat(look(call)).isZero();
    assertThat(monitor.isSilent()).isTrue();
  }

  @Test
  void any_answer_begins_the_time_anew() {
    SilenceMonitor.Call call = monitor.began();
    for (int i = 0; i < 10; i++) {
      pass(4);
      assertThat(look(call)).isPositive();
      monitor.heard();
    }
    pass(5);
    assertThat(look(call)).isZero();
  }

  /** Or too little time would be left for the answer to that check. */
  @Test
  void after_an_answer_the_next_liveness_check_comes_two_seconds_later() {
    SilenceMonitor.Call call = monitor.began();
    pass(1);
    monitor.heard();
    pass(1);
    assertThat(look(call)).isEqualTo(Duration.ofSeconds(1));
    pass(1);
    look(call);
    assertThat(checks).hasValue(1);
  }

  /** All waits of one client's load together take no longer than the first. */
  @Test
  void a_later_call_shares_the_silence_of_an_earlier_one() {
    SilenceMonitor.Call first = monitor.began();
    pass(3);
    SilenceMonitor.Call second = monitor.began();
    first.ended();
    pass(2);
    assertThat(look(second)).isZero();
  }

  /** It may be the call that finds the endpoint there again. */
  @Test
  void a_call_that_begins_in_silence_has_two_seconds_of_its_own() {
    SilenceMonitor.Call hanging = monitor.began();
    pass(60);
    SilenceMonitor.Call call = monitor.began();
    assertThat(look(call)).isEqualTo(Duration.ofSeconds(2));
    assertThat(look(hanging)).isZero();
    pass(2);
    assertThat(look(call)).isZero();
  }

  @Test
  void time_in_which_nobody_asked_is_no_silence() {
    monitor.began().ended();
    pass(3600);
    assertThat(monitor.isSilent()).isFalse();
    SilenceMonitor.Call call = monitor.began();
    assertThat(look(call)).isEqualTo(Duration.ofSeconds(2));
    assertThat(checks).hasValue(0);
  }

  @Test
  void many_calls_that_wait_cause_one_liveness_check_in_two_seconds() {
    for (int i = 0; i < 100; i++) {
      monitor.began();
    }
    SilenceMonitor.Call call = monitor.began();
    for (int second = 0; second < 10; second++) {
      for (int i = 0; i < 10; i++) {
        look(call);
      }
      pass(1);
    }
    assertThat(checks).hasValue(4);
  }

  @Test
  void a_connection_that_times_out_a_little_before_the_limit_has_met_silence() {
    monitor.began();
    nanos.addAndGet(Duration.ofMillis(4400).toNanos());
    assertThat(monitor.isSilent()).isFalse();
    nanos.addAndGet(Duration.ofMillis(150).toNanos());
    assertThat(monitor.isSilent()).isTrue();
  }

  private Duration look(SilenceMonitor.Call call) {
    return call.look(checks::incrementAndGet);
  }

  private void pass(int seconds) {
    nanos.addAndGet(Duration.ofSeconds(seconds).toNanos());
  }
}
