package io.intrahub.upstream.hub;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.metrics.Meters;
import io.intrahub.upstream.UpstreamFailure;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** How often a call that fails is made again, and for how long. */
class RetryPolicyTest {
  private static final UpstreamFailure PASSING =
      new UpstreamFailure(UpstreamFailure.Kind.SERVER_ERROR, "it answered 503");

  private final MovedTime time = new MovedTime();
  private final RetryPolicy policy =
      new RetryPolicy(
          new Random(1), Duration.ofMillis(100), new Meters(new SimpleMeterRegistry()), time);

  /** Attempts until the policy passes the failure on. */
  private int attempts(RetryPolicy.Operation operation, UpstreamFailure failure, Duration each) {
    int[] made = new int[1];
    UpstreamFailure last =
        policy.run(
            operation,
            () -> {
              made[0]++;
              time.pass(each);
              return failure;
            },
            Optional::of);
    assertThat(last).isEqualTo(failure);
    return made[0];
  }

  @Test
  void a_failure_that_may_pass_is_tried_five_times_with_growing_pauses() {
    assertThat(attempts(policy.begin(), PASSING, Duration.ZERO)).isEqualTo(5);
    // 100, 200, 400 and 800 ms, of which jitter takes half at most.
    assertThat(time.passed()).isBetween(Duration.ofMillis(750), Duration.ofMillis(1_500));
  }

  @Test
  void a_failure_that_lasts_is_tried_once() {
    assertThat(attempts(policy.begin(), PASSING.asFinal(), Duration.ZERO)).isEqualTo(1);
  }

  @Test
  void all_calls_of_an_operation_share_eight_further_attempts() {
    RetryPolicy.Operation operation = policy.begin();

    assertThat(attempts(operation, PASSING, Duration.ZERO)).isEqualTo(5);
    assertThat(attempts(operation, PASSING, Duration.ZERO)).isEqualTo(5);
    assertThat(attempts(operation, PASSING, Duration.ZERO)).isEqualTo(1);
  }

  @Test
  void an_operation_tries_nothing_again_when_a_minute_is_over() {
    // At 0, 25 and 50 s; the next would begin after 75.
    assertThat(attempts(policy.begin(), PASSING, Duration.ofSeconds(25))).isEqualTo(3);
    assertThat(time.passed()).isLessThan(RetryPolicy.TIME.plusSeconds(25));
  }

  @Test
  void a_budget_lasts_but_each_operation_has_its_own_time() {
    RetryBudget budget = new RetryBudget();
    attempts(policy.begin(budget), PASSING, Duration.ofSeconds(25));
    attempts(policy.begin(budget), PASSING, Duration.ofSeconds(25));
    attempts(policy.begin(budget), PASSING, Duration.ofSeconds(25));
    attempts(policy.begin(budget), PASSING, Duration.ofSeconds(25));

    assertThat(budget.isSpent()).isTrue();
    assertThat(attempts(policy.begin(budget), PASSING, Duration.ZERO)).isEqualTo(1);
    budget.refill();
    assertThat(attempts(policy.begin(budget), PASSING, Duration.ZERO)).isEqualTo(5);
  }

  @Test
  void upstream_is_left_alone_for_as_long_as_it_asks() {
    UpstreamFailure limited = limited(Duration.ofSeconds(8));

    assertThat(attempts(policy.begin(), limited, Duration.ZERO)).isEqualTo(5);
    assertThat(time.passed()).isEqualTo(Duration.ofSeconds(4 * 8));
  }

  @Test
  void a_wait_that_no_client_waits_for_is_passed_on_at_once_and_remembered() {
    UpstreamFailure limited = limited(Duration.ofSeconds(9));

    assertThat(attempts(policy.begin(), limited, Duration.ZERO)).isEqualTo(1);
    assertThat(policy.limit()).contains(limited);
    time.pass(Duration.ofSeconds(9));
    assertThat(policy.limit()).isEmpty();
  }

  private static UpstreamFailure limited(Duration wait) {
    return new UpstreamFailure(
        UpstreamFailure.Kind.RATE_LIMITED, "it limits the rate", true, Optional.of(wait));
  }
}
