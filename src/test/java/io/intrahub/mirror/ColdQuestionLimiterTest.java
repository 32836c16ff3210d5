package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.AccessToken;
import io.intrahub.access.Caller;
import io.intrahub.access.Fingerprints;
import io.intrahub.testing.SettableClock;
import io.intrahub.upstream.UpstreamFailure;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ColdQuestionLimiterTest {
  private static final int PER_MINUTE = 6;
  private static final Caller ONE = Caller.anonymous("192.0.2.1");
  private static final Caller OTHER = Caller.anonymous("192.0.2.2");

  private final SettableClock clock = new SettableClock();
  private final ColdQuestionLimiter questions =
      new ColdQuestionLimiter(PER_MINUTE, clock, 1L << 20);
  private final Fingerprints fingerprints = new Fingerprints(new byte[32]);

  private Caller holder(String token, String client) {
    return fingerprints.caller(AccessToken.of(token), client);
  }

  /** How many more this caller may ask now. */
  private int left(Caller caller) {
    int count = 0;
    while (count < 100 && questions.charge(caller).isEmpty()) {
      count++;
    }
    return count;
  }

  @Test
  void a_client_may_ask_so_many_at_once_and_then_as_they_come_back() {
    assertThat(left(ONE)).isEqualTo(PER_MINUTE);
    clock.pass(Duration.ofSeconds(9));
    assertThat(left(ONE)).isZero();
    clock.pass(Duration.ofSeconds(1));
    assertThat(left(ONE)).isEqualTo(1);
    clock.pass(Duration.ofSeconds(25));
    assertThat(left(ONE)).isEqualTo(2);
    clock.pass(Duration.ofHours(1));
    assertThat(left(ONE)).isEqualTo(PER_MINUTE);
  }

  @Test
  void a_refusal_names_the_limit_and_says_when_to_come_back() {
    left(ONE);
    clock.pass(Duration.ofSeconds(3));
    UpstreamFailure refusal = questions.charge(ONE).orElseThrow();
    assertThat(refusal.kind()).isEqualTo(UpstreamFailure.Kind.OVER_LIMIT);
    assertThat(refusal.reason()).contains("6 unknown things per minute", "clients.cold-questions");
    assertThat(refusal.retryAfter()).contains(Duration.ofSeconds(7));
    assertThat(refusal.isTransient()).isFalse();
  }

  @Test
  void what_one_client_asks_costs_no_other_anything() {
    left(ONE);
    assertThat(left(OTHER)).isEqualTo(PER_MINUTE);
  }

  @Test
  void many_tokens_of_one_address_have_the_share_of_one() {
    for (int i = 0; i < PER_MINUTE; i++) {
      assertThat(questions.charge(holder("hf_" + i, "192.0.2.1"))).isEmpty();
    }
    assertThat(questions.charge(holder("hf_new", "192.0.2.1"))).isPresent();
    assertThat(questions.charge(ONE)).isPresent();
    assertThat(left(holder("hf_new", "192.0.2.2"))).as("which cost it nothing").isEqualTo(6);
  }

  @Test
  void many_addresses_with_one_token_have_the_share_of_one() {
    for (int i = 0; i < PER_MINUTE; i++) {
      assertThat(questions.charge(holder("hf_one", "192.0.2." + i))).isEmpty();
    }
    assertThat(questions.charge(holder("hf_one", "192.0.2.99"))).isPresent();
    assertThat(left(Caller.anonymous("192.0.2.99"))).isEqualTo(PER_MINUTE);
  }

  @Test
  void what_is_given_back_can_be_asked_again_but_never_more_than_the_limit() {
    left(ONE);
    questions.refund(ONE);
    questions.refund(ONE);
    assertThat(left(ONE)).isEqualTo(2);
    questions.refund(OTHER);
    assertThat(left(OTHER)).isEqualTo(PER_MINUTE);
    questions.charge(OTHER);
    for (int i = 0; i < 100; i++) {
      questions.refund(OTHER);
    }
    assertThat(left(OTHER)).isEqualTo(PER_MINUTE);
  }

  @Test
  void an_admission_is_paid_when_the_question_is_begun_and_given_back_once() {
    ColdQuestionLimiter.Admission joined = questions.admission(ONE);
    joined.refund();
    ColdQuestionLimiter.Admission begun = questions.admission(ONE);
    assertThat(begun.begin()).isTrue();
    assertThat(left(ONE)).isEqualTo(PER_MINUTE - 1);
    begun.refund();
    begun.refund();
    assertThat(left(ONE)).isEqualTo(1);
    ColdQuestionLimiter.Admission refused = questions.admission(ONE);
    assertThat(refused.begin()).isFalse();
    assertThat(refused.refusal().retryAfter()).isPresent();
  }

  @Test
  void the_mirror_itself_is_not_limited() {
    assertThat(left(Caller.ANONYMOUS)).isEqualTo(100);
  }

  @Test
  void a_clock_that_is_set_back_neither_fills_nor_empties() {
    left(ONE);
    clock.pass(Duration.ofMinutes(-5));
    assertThat(left(ONE)).isZero();
    clock.pass(Duration.ofSeconds(10));
    assertThat(questions.charge(ONE)).isEqualTo(Optional.empty());
  }
}
