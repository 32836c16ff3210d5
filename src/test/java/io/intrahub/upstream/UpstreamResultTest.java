package io.intrahub.upstream;

import static io.intrahub.upstream.UpstreamResults.failure;
import static io.intrahub.upstream.UpstreamResults.refusal;
import static io.intrahub.upstream.UpstreamResults.value;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.HubError;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class UpstreamResultTest {
  private static final HubRefusal NO = new HubRefusal(HubError.entryNotFound(), Optional.empty());
  private static final UpstreamFailure BUSY =
      new UpstreamFailure(UpstreamFailure.Kind.BUSY, "it is scripted");
  private static final UpstreamFailure BROKEN =
      new UpstreamFailure(UpstreamFailure.Kind.BROKEN, "it is scripted");

  private static <R> UpstreamResult<R> mustNotRun(String value) {
    throw new AssertionError("there is no value to go on with, but " + value);
  }

  @Test
  void a_value_goes_through_each_step() {
    UpstreamResult<String> four = new UpstreamResult.Value<>("four");
    assertThat(value(four.map(String::length))).isEqualTo(4);
    assertThat(refusal(four.flatMap(_ -> new UpstreamResult.Refused<Integer>(NO)))).isEqualTo(NO);
  }

  @Test
  void without_a_value_no_step_runs_and_the_reason_stays() {
    UpstreamResult<String> refused = new UpstreamResult.Refused<>(NO);
    UpstreamResult<String> failed = new UpstreamResult.Failed<>(BROKEN);
    assertThat(refusal(refused.flatMap(UpstreamResultTest::mustNotRun))).isEqualTo(NO);
    assertThat(failure(failed.map(UpstreamResultTest::mustNotRun))).isEqualTo(BROKEN);
  }

  @Test
  void only_a_failure_counts_as_one() {
    assertThat(new UpstreamResult.Value<>("four").asFailure()).isEmpty();
    assertThat(new UpstreamResult.Refused<>(NO).asFailure()).isEmpty();
    assertThat(new UpstreamResult.Failed<>(BROKEN).asFailure()).contains(BROKEN);
    assertThat(new UpstreamResult.Failed<>(BROKEN).isFailureOfBeginner()).isFalse();
    assertThat(new UpstreamResult.Failed<>(BUSY).isFailureOfBeginner()).isTrue();
  }
}
