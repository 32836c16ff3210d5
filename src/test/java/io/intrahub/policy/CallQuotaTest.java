package io.intrahub.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.policy.CallQuota.Statement;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many calls are left of a window of 500 calls in 300 seconds. */
class CallQuotaTest {
  private static final Instant START = Instant.parse("2026-06-01T10:00:00Z");

  private static Instant at(double second) {
    return START.plusMillis(Math.round(second * 1000));
  }

  /** The answer to a call within no time. */
  private static Statement said(double second, long left, int resets) {
    return said(second, second, left, resets);
  }

  private static Statement said(double sent, double received, long left, int resets) {
    Duration window = Duration.ofSeconds(300);
    return new Statement(500, left, Duration.ofSeconds(resets), window, at(sent), at(received));
  }

  private static CallQuota told(double second, long left, int resets) {
    return CallQuota.of(said(second, left, resets), 0);
  }

  @ParameterizedTest
  @CsvSource({
    // Left, in flight, whether a question about a grant, a client's call, a refresh and a call
    // ahead of time are made.
    "499, 0, true, true, true, true",
    "126, 0, true, true, true, true",
    "125, 0, true, true, true, false",
    "51, 0, true, true, true, false",
    "50, 0, true, true, false, false",
    "11, 0, true, true, false, false",
    "10, 0, true, false, false, false",
    "1, 0, true, false, false, false",
    "0, 0, false, false, false, false",
    "126, 1, true, true, true, false",
    "51, 1, true, true, false, false",
    "20, 9, true, true, false, false",
    "20, 10, true, false, false, false",
    "10, 9, true, false, false, false",
    "10, 10, false, false, false, false",
    "10, 11, false, false, false, false",
  })
  void near_the_end_calls_that_matter_less_are_not_made(
      long left,
      int inFlight,
      boolean confirm,
      boolean client,
      boolean refresh,
      boolean background) {
    CallQuota quota = told(0, 499, 300).after(said(1, left, 299), 0);
    assertThat(quota.allows(CallPriority.CONFIRM, at(2), inFlight)).isEqualTo(confirm);
    assertThat(quota.allows(CallPriority.CLIENT, at(2), inFlight)).isEqualTo(client);
    assertThat(quota.allows(CallPriority.REFRESH, at(2), inFlight)).isEqualTo(refresh);
    assertThat(quota.allows(CallPriority.BACKGROUND, at(2), inFlight)).isEqualTo(background);
  }

  @Test
  void the_next_window_begins_whole_and_its_first_answer_says_how_it_really_is() {
    CallQuota spent = told(0, 499, 300).after(said(100, 0, 200), 0);
    assertThat(spent.allows(CallPriority.CLIENT, at(299), 0)).isFalse();
    assertThat(spent.allows(CallPriority.BACKGROUND, at(302), 300)).isTrue();
    assertThat(spent.allows(CallPriority.CLIENT, at(302), 500)).isFalse();
    assertThat(spent.after(said(303, 200, 297), 0).left()).isEqualTo(200);
  }

  @Test
  void an_answer_that_was_overtaken_gives_no_call_back() {
    CallQuota quota = told(0, 499, 300).after(said(5, 10, 295), 0).after(said(4, 6, 20, 296), 0);
    assertThat(quota.left()).isEqualTo(10);
  }

  @Test
  void a_late_answer_of_the_window_before_says_nothing_of_this_one() {
    CallQuota quota = told(290, 3, 10).after(said(301, 499, 299), 0);
    assertThat(quota.after(said(298, 303, 0, 2), 0).left()).isEqualTo(499);
  }

  @Test
  void answers_that_round_the_end_are_of_one_window() {
    CallQuota quota = told(0.1, 400, 300);
    for (int i = 1; i <= 200; i++) {
      double second = i * 1.3;
      quota = quota.after(said(second, 400 - i, (int) Math.ceil(300 - second)), 0);
      assertThat(quota.left()).isEqualTo(400 - i);
      assertThat(quota.ends()).isBetween(at(300), at(302));
    }
  }

  @Test
  void an_upstream_that_answers_although_it_says_that_no_call_is_left_is_not_believed() {
    CallQuota quota = told(0, 0, 300).after(said(1, 0, 299), 0);
    assertThat(quota.allows(CallPriority.BACKGROUND, at(2), 100)).isTrue();
    // The next window may be another matter.
    assertThat(quota.after(said(301, 20, 299), 0).allows(CallPriority.CLIENT, at(302), 20))
        .isFalse();
  }

  @Test
  void the_last_of_a_few_calls_at_the_same_time_is_believed() {
    Duration window = Duration.ofSeconds(300);
    Statement last = new Statement(5, 0, window, window, START, START);
    assertThat(CallQuota.of(last, 4).allows(CallPriority.CLIENT, at(1), 0)).isFalse();
    assertThat(CallQuota.of(last, 3).allows(CallPriority.CLIENT, at(1), 0)).isTrue();
  }

  @Test
  void an_upstream_that_does_not_say_how_many_it_allows_is_asked_again_in_the_next_window() {
    Duration minute = Duration.ofSeconds(60);
    Statement few = new Statement(0, 2, minute, Duration.ZERO, START, START);
    Statement none = new Statement(0, 0, minute, Duration.ZERO, START, START);
    CallQuota quota = CallQuota.of(few, 0).after(none, 0);
    assertThat(quota.allows(CallPriority.CLIENT, at(59), 0)).isFalse();
    assertThat(quota.allows(CallPriority.CLIENT, at(62), 1)).isTrue();
    assertThat(CallQuota.of(none, 0).allows(CallPriority.CLIENT, at(62), 1_000)).isTrue();
  }

  @Test
  void a_clock_that_was_set_back_by_a_day_does_not_keep_a_window_open() {
    CallQuota spent = told(0, 499, 300).after(said(1, 0, 299), 0);
    Instant yesterday = START.minus(Duration.ofDays(1));
    assertThat(spent.allows(CallPriority.CLIENT, yesterday, 0)).isTrue();
    assertThat(spent.allows(CallPriority.CLIENT, START.plus(Duration.ofDays(1)), 0)).isTrue();
  }
}
