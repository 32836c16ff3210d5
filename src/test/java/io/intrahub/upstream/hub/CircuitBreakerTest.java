package io.intrahub.upstream.hub;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.testing.SettableClock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CircuitBreakerTest {
  private static final CallPurpose ONE = CallPurpose.learn(repo(1));

  private final SettableClock clock = new SettableClock();
  private final CircuitBreaker breaker = new CircuitBreaker(clock);

  private static RepoId repo(int number) {
    return new RepoId(RepoType.MODEL, "acme/" + number);
  }

  /** With which the outcomes are reported that the tests script. */
  private CircuitBreaker.Admission last = new CircuitBreaker.Admission();

  private boolean admits(CallPurpose question) {
    Optional<CircuitBreaker.Admission> admission = breaker.tryAcquire(question);
    last = admission.orElse(last);
    return admission.isPresent();
  }

  private void pass(long seconds) {
    clock.pass(Duration.ofSeconds(seconds));
  }

  private void fail(int times) {
    for (int i = 0; i < times; i++) {
      breaker.unreachable(last, "it is scripted", false);
    }
  }

  /** One failure about each of these repos. */
  private void trouble(int... repos) {
    for (int repo : repos) {
      breaker.troubled(last, repo(repo), "it answered 500");
    }
  }

  @Test
  void it_opens_at_the_fifth_failure_in_a_row() {
    fail(4);
    breaker.answered();
    fail(4);
    assertThat(admits(ONE)).isTrue();
    breaker.unreachable(last, "it is scripted", false);
    assertThat(breaker.isOpen()).isTrue();
    assertThat(admits(ONE)).isFalse();
    assertThat(admits(CallPurpose.confirm(repo(1)))).isFalse();
    assertThat(admits(CallPurpose.PASSED_ON)).isFalse();
  }

  @Test
  void it_is_not_well_until_a_call_was_answered() {
    assertThat(breaker.isWell()).isTrue();
    fail(5);
    pass(3600);
    assertThat(breaker.isOpen()).isFalse();
    assertThat(breaker.isWell()).as("after the pause and before the probe").isFalse();
    breaker.answered();
    assertThat(breaker.isWell()).isTrue();
  }

  /** What can be served without a call is not kept waiting for each of the probes. */
  @Test
  void each_pause_before_it_counts_as_reachable_is_twice_the_last() {
    fail(5);
    for (long pause : new long[] {5, 10, 20, 40, 60, 60}) {
      pass(pause - 1);
      assertThat(breaker.isOpen()).as("before " + pause).isTrue();
      pass(1);
      assertThat(breaker.isOpen()).isFalse();
      assertThat(admits(ONE)).as("after " + pause).isTrue();
      breaker.unreachable(last, "it is scripted", false);
    }
  }

  @Test
  void one_probe_is_under_way_at_a_time_and_two_seconds_lie_between_two() {
    fail(5);
    for (int probe = 0; probe < 10; probe++) {
      pass(1);
      assertThat(breaker.mayAsk()).isFalse();
      assertThat(admits(ONE)).as("too early").isFalse();
      assertThat(breaker.probe(ONE)).isEmpty();
      pass(1);
      assertThat(breaker.mayAsk()).isTrue();
      assertThat(admits(ONE)).as("the probe").isTrue();
      assertThat(breaker.mayAsk()).as("for one that waits").isTrue();
      var underWay = breaker.probe(CallPurpose.learn(repo(2))).orElseThrow();
      assertThat(underWay).isNotDone();
      pass(20);
      assertThat(admits(ONE)).as("a second probe").isFalse();
      assertThat(breaker.mayAsk()).as("for one that would wait for a probe that hangs").isFalse();
      breaker.unreachable(last, "it is scripted", false);
      assertThat(underWay).isDone();
    }
  }

  @Test
  void a_refusal_says_when_the_next_request_asks_again() {
    fail(5);
    assertThat(breaker.reason()).endsWith("the first request after 2 s asks it again");
    pass(2);
    assertThat(breaker.reason()).endsWith("the first request from now on asks it again");
    assertThat(admits(ONE)).isTrue();
    assertThat(breaker.reason()).endsWith("it is being asked again now");
    breaker.unreachable(last, "it is scripted", false);
    assertThat(breaker.reason()).endsWith("the first request after 2 s asks it again");
  }

  /** A load of many files is under way when the Hub goes: all its calls fail, one after another. */
  @Test
  void calls_that_were_under_way_when_it_opened_do_not_put_the_first_probe_off() {
    fail(40);
    pass(5);
    assertThat(admits(ONE)).isTrue();
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
    assertThat(admits(ONE)).isTrue();
  }

  @Test
  void a_success_closes_it_and_the_next_outage_begins_with_a_short_pause() {
    fail(5);
    pass(5);
    assertThat(admits(ONE)).isTrue();
    breaker.unreachable(last, "it is scripted", false);
    pass(10);
    assertThat(admits(ONE)).isTrue();
    breaker.answered();
    assertThat(admits(ONE)).isTrue();
    fail(5);
    pass(Duration.ofSeconds(5).toSeconds());
    assertThat(admits(ONE)).isTrue();
  }

  /** A probe that never comes back must not keep the endpoint closed for ever. */
  @Test
  void a_lost_probe_is_followed_by_another() {
    fail(5);
    pass(5);
    assertThat(admits(ONE)).isTrue();
    pass(60);
    assertThat(admits(ONE)).isTrue();
  }

  @Test
  void a_clock_that_is_set_back_does_not_keep_it_open() {
    fail(5);
    pass(-3 * 3600);
    pass(60);
    assertThat(breaker.isOpen()).isFalse();
    assertThat(admits(ONE)).isTrue();
    assertThat(admits(ONE)).isFalse();
  }

  @Test
  void a_call_that_is_passed_on_is_not_a_probe() {
    fail(5);
    pass(5);
    assertThat(admits(CallPurpose.PASSED_ON)).isTrue();
    assertThat(admits(ONE)).as("the probe").isTrue();
  }

  /** Its client left, for example: whoever waits for the probe still waits for its outcome. */
  @Test
  void a_call_that_is_not_the_probe_does_not_end_the_probe() {
    fail(5);
    pass(5);
    CircuitBreaker.Admission passedOn = breaker.tryAcquire(CallPurpose.PASSED_ON).orElseThrow();
    assertThat(admits(ONE)).as("the probe").isTrue();
    CompletableFuture<Void> underWay = breaker.probe(ONE).orElseThrow();
    breaker.abandoned(passedOn);
    breaker.passedOn(passedOn, false);
    breaker.unreachable(new CircuitBreaker.Admission(), "it began before the outage", false);
    assertThat(underWay).isNotDone();
    pass(3);
    assertThat(admits(ONE)).as("a second probe").isFalse();
    breaker.abandoned(last);
    assertThat(underWay).isDone();
    assertThat(admits(ONE)).as("the next probe").isTrue();
  }

  /** Otherwise a client that leaves would have all calls refused that wait for its probe. */
  @Test
  void a_probe_that_finds_nothing_out_is_followed_by_another_at_once() {
    fail(5);
    pass(2);
    assertThat(admits(ONE)).isTrue();
    breaker.abandoned(last);
    assertThat(breaker.reason()).endsWith("the first request from now on asks it again");
    assertThat(admits(ONE)).as("the next probe").isTrue();
    assertThat(admits(ONE)).as("a second probe at the same time").isFalse();
    assertThat(breaker.isOpen()).as("the endpoint is as unreachable as before").isTrue();
  }

  @Test
  void a_probe_that_finds_a_failure_of_another_kind_is_followed_by_a_pause() {
    trouble(1, 2, 3, 1, 1);
    pass(5);
    assertThat(admits(ONE)).isTrue();
    breaker.unreachable(last, "it is scripted", false);
    assertThat(admits(ONE)).isFalse();
  }

  @Test
  void a_call_that_is_passed_on_finds_an_unreachable_endpoint_reachable() {
    fail(5);
    pass(2);
    assertThat(admits(CallPurpose.PASSED_ON)).isTrue();
    assertThat(admits(CallPurpose.PASSED_ON)).isFalse();
    breaker.passedOn(last, false);
    assertThat(breaker.isOpen()).isTrue();
    pass(2);
    assertThat(admits(CallPurpose.PASSED_ON)).isTrue();
    breaker.passedOn(last, true);
    assertThat(breaker.isOpen()).isFalse();
    for (int i = 0; i < 10; i++) {
      breaker.passedOn(last, false);
    }
    assertThat(breaker.isOpen()).isFalse();
  }

  /** Clients choose them, and must not keep the others from the endpoint. */
  @Test
  void calls_that_are_passed_on_make_the_pause_no_longer() {
    fail(5);
    for (int i = 0; i < 5; i++) {
      pass(2);
      assertThat(admits(CallPurpose.PASSED_ON)).isTrue();
      breaker.passedOn(last, false);
    }
    pass(5);
    assertThat(breaker.isOpen()).isFalse();
  }

  @Test
  void one_repo_or_two_that_fail_for_ever_say_nothing_about_others() {
    for (int i = 0; i < 50; i++) {
      trouble(1, 2);
    }
    assertThat(breaker.isOpen()).isFalse();
    assertThat(admits(ONE)).isTrue();
    assertThat(admits(CallPurpose.learn(repo(3)))).isTrue();
  }

  @Test
  void five_failures_about_three_repos_have_these_refused_and_nobody_else() {
    trouble(1, 2, 3, 1);
    assertThat(admits(ONE)).as("at the fourth failure").isTrue();
    trouble(1);
    assertThat(admits(ONE)).isFalse();
    assertThat(admits(CallPurpose.learn(repo(3)))).isFalse();
    assertThat(breaker.isOpen()).as("the endpoint is reachable").isFalse();
    assertThat(admits(CallPurpose.learn(repo(4)))).isTrue();
    assertThat(admits(CallPurpose.PASSED_ON)).isTrue();
    assertThat(admits(CallPurpose.confirm(repo(1)))).as("who may read it").isTrue();

    trouble(4);
    assertThat(admits(CallPurpose.learn(repo(4)))).isFalse();
    pass(5);
    assertThat(admits(ONE)).as("a probe").isTrue();
    assertThat(admits(ONE)).as("a second probe").isFalse();
  }

  @Test
  void one_answer_ends_the_trouble_of_all() {
    trouble(1, 2, 3, 4, 5, 6);
    breaker.answered();
    assertThat(admits(ONE)).isTrue();
    trouble(1, 1, 1, 1, 1);
    assertThat(admits(ONE)).isTrue();
  }

  /** A connection came about, whatever went wrong then. */
  @Test
  void an_endpoint_in_trouble_is_reachable() {
    fail(5);
    pass(5);
    assertThat(admits(ONE)).isTrue();
    trouble(1);
    assertThat(breaker.isOpen()).isFalse();
    assertThat(admits(ONE)).isTrue();
  }

  @Test
  void an_endpoint_that_answers_nobody_is_asked_by_probes_only_but_is_not_unreachable() {
    for (int i = 0; i < 5; i++) {
      assertThat(admits(CallPurpose.learn(repo(1)))).isTrue();
      breaker.silent(last, repo(1), "no answer within 20 s");
    }
    assertThat(breaker.isSilent()).isTrue();
    assertThat(breaker.isOpen()).isFalse();
    assertThat(admits(CallPurpose.learn(repo(2)))).isFalse();
    assertThat(admits(CallPurpose.confirm(repo(2)))).isTrue();
    assertThat(admits(CallPurpose.PASSED_ON)).isTrue();
    pass(5);
    assertThat(admits(CallPurpose.learn(repo(2)))).isTrue();
    assertThat(admits(CallPurpose.learn(repo(2)))).isFalse();
    breaker.answered();
    assertThat(breaker.isSilent()).isFalse();
    assertThat(admits(CallPurpose.learn(repo(1)))).isTrue();
  }

  @Test
  void calls_that_wait_in_vain_count_before_their_time_out() {
    var _ = breaker.began();
    var _ = breaker.began();
    pass(10);
    assertThat(breaker.isSilent()).as("with two").isFalse();
    var _ = breaker.began();
    pass(3);
    assertThat(breaker.isSilent()).as("with one that waits for 3 s").isFalse();
    pass(1);
    assertThat(breaker.isSilent()).isTrue();
    assertThat(breaker.isOpen()).isFalse();
    assertThat(breaker.reason()).startsWith("no answer to any call for 4 s; ");
    assertThat(admits(ONE)).isFalse();
    assertThat(admits(CallPurpose.confirm(repo(1)))).isTrue();
    assertThat(admits(CallPurpose.PASSED_ON)).isTrue();
    breaker.answered();
    breaker.heard();
    assertThat(breaker.isSilent()).isFalse();
  }

  @Test
  void a_call_that_waits_counts_together_with_time_outs_before_it() {
    breaker.silent(last, repo(1), "no answer within 20 s");
    breaker.silent(last, repo(2), "no answer within 20 s");
    CircuitBreaker.Attempt attempt = breaker.began();
    pass(4);
    assertThat(breaker.isSilent()).isTrue();
    breaker.ended(attempt);
    breaker.answered();
    assertThat(breaker.isSilent()).isFalse();
  }

  /** Its answer may be large, or its repo slow. */
  @Test
  void calls_that_take_long_while_the_endpoint_answers_others_say_nothing() {
    for (int i = 0; i < 10; i++) {
      var _ = breaker.began();
    }
    breaker.heard();
    pass(60);
    assertThat(breaker.isSilent()).isFalse();
    List<CircuitBreaker.Attempt> attempts = Stream.generate(breaker::began).limit(10).toList();
    attempts.forEach(breaker::ended);
    pass(60);
    assertThat(breaker.isSilent()).isFalse();
  }

  @Test
  void an_answer_or_an_error_in_between_ends_the_silence() {
    for (int i = 0; i < 8; i++) {
      breaker.silent(last, repo(1), "no answer within 20 s");
      breaker.silent(last, repo(1), "no answer within 20 s");
      breaker.troubled(last, repo(1), "it answered 500");
    }
    assertThat(breaker.isSilent()).isFalse();
  }

  @Test
  void silence_refuses_all_but_what_confirms_a_grant_until_any_answer() {
    breaker.fellSilent();
    assertThat(breaker.isSilent()).isTrue();
    assertThat(breaker.isMute()).isTrue();
    assertThat(breaker.isOpen()).as("unreachable").isFalse();
    assertThat(admits(ONE)).isFalse();
    assertThat(admits(CallPurpose.confirm(repo(1)))).isTrue();

    breaker.answeredLivenessCheck();
    assertThat(breaker.isSilent()).isFalse();
    assertThat(breaker.isMute()).isFalse();
    assertThat(admits(ONE)).isTrue();
  }

  /** A page may be answered by another server than the calls that hang. */
  @Test
  void the_answer_to_a_liveness_check_says_nothing_of_calls_that_time_out() {
    for (int i = 0; i < 5; i++) {
      breaker.silent(last, repo(1), "no answer within 20 s");
      breaker.answeredLivenessCheck();
    }
    assertThat(breaker.isSilent()).isTrue();
    assertThat(breaker.isMute()).isFalse();
  }
}
