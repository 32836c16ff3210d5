package io.intrahub.mirror;

import io.intrahub.hub.HubError;
import io.intrahub.upstream.HubUpstream;
import io.intrahub.upstream.UpstreamFailure;
import java.time.Duration;

/** Says to a client why upstream gave no answer. */
final class Failures {
  private Failures() {}

  /** What to say when a client can't wait any longer for an answer that is still on its way. */
  static UpstreamFailure late(HubUpstream upstream, Duration waited) {
    return upstream
        .limit()
        .orElseGet(() ->
            new UpstreamFailure(
                UpstreamFailure.Kind.LATE,
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
      case UNREACHABLE, LATE, BROKEN -> HubError.upstreamUnreachable(what, failure.reason());
      case TROUBLED, LIMITED, STRANGE ->
          HubError.badUpstream(what, failure.reason(), failure.retryAfter());
      case OVER_LIMIT ->
          HubError.tooManyRequests(
              "intrahub did not ask the Hub for " + what + ": " + failure.reason() + ".",
              failure.retryAfter().orElse(Duration.ZERO));
      case CROWDED -> HubError.crowded(what, failure.reason());
      case WRONG -> HubError.wrongContent(what, failure.reason());
    };
  }
}
