package io.intrahub.upstream.hub;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.testing.SettableClock;
import io.intrahub.upstream.UpstreamFailure;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LastAnswerTest {
  private final SettableClock clock = new SettableClock();
  private final LastAnswer lastAnswer = new LastAnswer("the Hub", clock);

  @Test
  void a_failure_says_when_the_last_answer_came() {
    assertThat(fail().reason())
        .isEqualTo(
            "it is scripted; the Hub has not answered since this mirror started at"
                + " 2026-06-01T10:00:00Z");
    clock.pass(Duration.ofMinutes(1));
    lastAnswer.heard();
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
    lastAnswer.heard();
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
      names = {"UNREACHABLE", "TIMED_OUT", "BROKEN"})
  void a_failure_that_is_an_answer_stays_as_it_is(UpstreamFailure.Kind kind) {
    UpstreamFailure failure = new UpstreamFailure(kind, "it is scripted");
    assertThat(lastAnswer.addTo(failure)).isSameAs(failure);
    clock.pass(Duration.ofSeconds(10));
    assertThat(lastAnswer.addTo(failure)).isSameAs(failure);
  }

  private UpstreamFailure fail() {
    return lastAnswer.addTo(
        new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "it is scripted"));
  }
}
