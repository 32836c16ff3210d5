package io.intrahub.upstream.hub;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.testing.SettableClock;
import io.intrahub.upstream.UpstreamFailure;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LastAnswersTest {
  private static final CallPurpose QUESTION = CallPurpose.learn(UpstreamRig.REPO);

  private final SettableClock clock = new SettableClock();
  private final LastAnswers lastAnswers = new LastAnswers("the Hub", clock);

  @Test
  void a_failure_says_when_the_last_answer_came() {
    assertThat(fail().reason())
        .isEqualTo(
            "it is scripted; the Hub has not answered since this mirror started at"
                + " 2026-06-01T10:00:00Z");
    clock.pass(Duration.ofMinutes(1));
    lastAnswers.heardHub();
    clock.pass(Duration.ofMinutes(1));
    assertThat(fail().reason())
        .isEqualTo("it is scripted; the Hub last answered at 2026-06-01T10:01:00Z");
  }

  @Test
  void an_outage_lasts_when_calls_have_failed_for_two_seconds() {
    assertThat(fail().isLasting()).isFalse();
    clock.pass(Duration.ofMillis(1999));
    assertThat(fail().isLasting()).isFalse();
    clock.pass(Duration.ofMillis(1));
    assertThat(fail().isLasting()).isTrue();
  }

  @Test
  void an_answer_ends_it() {
    fail();
    clock.pass(Duration.ofSeconds(10));
    lastAnswers.heardHub();
    assertThat(fail().isLasting()).isFalse();
  }

  @Test
  void failures_far_apart_are_not_one_outage() {
    fail();
    clock.pass(Duration.ofSeconds(61));
    assertThat(fail().isLasting()).isFalse();
  }

  @Test
  void a_clock_that_goes_back_begins_a_new_one() {
    fail();
    clock.setBack(Duration.ofDays(1));
    assertThat(fail().isLasting()).isFalse();
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"UNREACHABLE", "TIMED_OUT", "BROKEN", "SERVER_ERROR", "UNEXPECTED_ANSWER"})
  void a_failure_that_says_nothing_of_the_hub_stays_as_it_is(UpstreamFailure.Kind kind) {
    UpstreamFailure failure = new UpstreamFailure(kind, "it is scripted");
    assertThat(lastAnswers.addTo(failure)).isSameAs(failure);
    clock.pass(Duration.ofSeconds(10));
    assertThat(lastAnswers.addTo(failure)).isSameAs(failure);
  }

  @Test
  void an_answer_of_no_use_does_not_count_as_one() {
    assertThat(answerBadly(QUESTION).reason())
        .isEqualTo(
            "it answered 503; the Hub has given no usable answer since this mirror started at"
                + " 2026-06-01T10:00:00Z");
    lastAnswers.gotUsable();
    clock.pass(Duration.ofMinutes(1));
    lastAnswers.heardHub();
    assertThat(answerBadly(QUESTION).reason())
        .isEqualTo("it answered 503; the Hub last gave a usable answer at 2026-06-01T10:00:00Z");
  }

  @Test
  void when_no_call_has_had_a_usable_answer_for_two_seconds_none_is_made_twice() {
    assertThat(answerBadly(QUESTION).isLasting()).isFalse();
    clock.pass(Duration.ofSeconds(2));
    lastAnswers.heardHub();
    UpstreamFailure later = answerBadly(QUESTION);
    assertThat(later.isLasting()).isTrue();
    assertThat(later.isTransient()).isFalse();
    // The breaker refuses calls then, and there is nothing to be gained by asking again either.
    assertThat(fail().isLasting()).isTrue();
    assertThat(fail().reason()).contains("the Hub has given no usable answer");

    lastAnswers.gotUsable();
    assertThat(answerBadly(QUESTION).isLasting()).isFalse();
    assertThat(answerBadly(QUESTION).isTransient()).isTrue();
  }

  /** Its failure makes an old grant count. */
  @Test
  void the_question_who_may_read_is_always_asked_as_often_as_may_be() {
    answerBadly(QUESTION);
    clock.pass(Duration.ofSeconds(2));
    assertThat(answerBadly(CallPurpose.confirm(UpstreamRig.REPO)).isTransient()).isTrue();
  }

  @Test
  void a_call_that_a_client_chose_does_not_begin_an_outage() {
    answerBadly(CallPurpose.PASSED_ON);
    clock.pass(Duration.ofSeconds(10));
    assertThat(answerBadly(QUESTION).isLasting()).isFalse();
  }

  @Test
  void file_servers_have_answers_of_their_own() {
    UpstreamFailure refused =
        new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "it is scripted");
    assertThat(lastAnswers.addToFileServer(refused).reason())
        .isEqualTo(
            "it is scripted; no file server of the Hub has answered since this mirror started at"
                + " 2026-06-01T10:00:00Z");
    clock.pass(Duration.ofSeconds(2));
    lastAnswers.heardHub();
    lastAnswers.gotUsable();
    assertThat(lastAnswers.addToFileServer(refused).isLasting()).isTrue();
    assertThat(fail().isLasting()).isFalse();
    lastAnswers.heardFileServer();
    UpstreamFailure after = lastAnswers.addToFileServer(refused);
    assertThat(after.isLasting()).isFalse();
    assertThat(after.reason())
        .isEqualTo(
            "it is scripted; a file server of the Hub last answered at 2026-06-01T10:00:02Z");
  }

  private UpstreamFailure answerBadly(CallPurpose question) {
    return lastAnswers.addTo(
        lastAnswers.attempted(
            new UpstreamFailure(UpstreamFailure.Kind.SERVER_ERROR, "it answered 503"), question));
  }

  private UpstreamFailure fail() {
    return lastAnswers.addTo(
        new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "it is scripted"));
  }
}
