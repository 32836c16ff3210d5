package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.hub.HubError;
import io.intrahub.upstream.UpstreamFailure;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What clients are told when upstream gave no answer. */
class UpstreamErrorsTest {
  private static final String WHAT = "model acme/tiny";

  @Test
  void a_failure_that_may_pass_is_to_be_tried_again_later() {
    HubError error =
        UpstreamErrors.reply(
                new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "the connection was refused"),
                WHAT)
            .error();

    assertThat(error.status()).isEqualTo(504);
    assertThat(error.message()).contains("the connection was refused").endsWith("Try again later.");
  }

  /** The Python clients repeat a request after 500, 502, 503 and 504. */
  @Test
  void a_failure_that_lasts_has_a_status_after_which_clients_do_not_repeat_the_request() {
    UpstreamFailure failure =
        new UpstreamFailure(UpstreamFailure.Kind.TIMED_OUT, "no answer to any call").asLasting();

    assertThat(UpstreamErrors.reply(failure, WHAT).error().status()).isEqualTo(523);
    assertThat(UpstreamErrors.reply(failure.asFinal(), WHAT).error().status()).isEqualTo(523);
    assertThat(UpstreamErrors.reply(failure.withReason("x"), WHAT).error().status()).isEqualTo(523);
  }

  @Test
  void what_only_the_operator_can_mend_is_not_to_be_tried_again_later() {
    String reason = "the certificate of hub.example is not trusted; see upstream.ca-files";

    HubError error =
        UpstreamErrors.reply(
                new UpstreamFailure(
                    UpstreamFailure.Kind.UNREACHABLE, reason, false, Optional.empty(), true),
                WHAT)
            .error();

    assertThat(error.status()).isEqualTo(504);
    assertThat(error.message())
        .isEqualTo(
            "intrahub could not reach the Hub for model acme/tiny and has no copy of it that it may serve: "
                + reason
                + ".");
  }

  @Test
  void that_is_still_so_after_a_failure_was_tried_again() {
    UpstreamFailure failure =
        new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "x", true, Optional.empty(), true);

    assertThat(failure.asFinal().needsOperator()).isTrue();
  }
}
