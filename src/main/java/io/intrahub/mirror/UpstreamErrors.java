package io.intrahub.mirror;

import io.intrahub.hub.HubError;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.hub.HubUpstream;
import java.time.Duration;

/** Says to a client why upstream gave no answer. */
final class UpstreamErrors {
  private UpstreamErrors() {}

  /** What to say when a client can't wait any longer for an answer that is still on its way. */
  static UpstreamFailure timedOut(HubUpstream upstream, Duration waited) {
    return upstream
        .limit()
        .orElseGet(() ->
            new UpstreamFailure(
                UpstreamFailure.Kind.TIMED_OUT,
                "it did not answer within " + waited.toSeconds() + " s"));
  }

  /**
   * The error for a failure.
   *
   * @param what the client asked for, for example {@code model acme/tiny-bert}
   */
  static HubError error(UpstreamFailure failure, String what) {
    return switch (failure.kind()) {
      case OFFLINE -> HubError.offline(what);
      case UNREACHABLE, TIMED_OUT, BROKEN ->
          failure.needsOperator()
              ? HubError.upstreamSetupWrong(what, failure.reason())
              : HubError.upstreamUnreachable(what, failure.reason());
      case SERVER_ERROR, RATE_LIMITED, UNEXPECTED_ANSWER ->
          HubError.badUpstream(what, failure.reason(), failure.retryAfter());
      case OVER_LIMIT ->
          HubError.tooManyRequests(
              "intrahub did not ask the Hub for " + what + ": " + failure.reason() + ".",
              failure.retryAfter().orElse(Duration.ZERO));
      case BUSY -> HubError.upstreamBusy(what, failure.reason());
      case WRONG_CONTENT -> HubError.wrongContent(what, failure.reason());
    };
  }
}
