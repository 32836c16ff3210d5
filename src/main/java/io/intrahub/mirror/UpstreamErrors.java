package io.intrahub.mirror;

import io.intrahub.hub.HubError;
import io.intrahub.hub.LimitErrors;
import io.intrahub.hub.OutageErrors;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.ApiUpstream;
import java.time.Duration;
import java.util.Optional;

/**
 * Makes the error that a client gets when a call to upstream gave no value. Failures after an
 * answer has begun are handled in {@code http}.
 */
final class UpstreamErrors {
  private UpstreamErrors() {}

  /** What to say when a client can't wait any longer for an answer that is still on its way. */
  static UpstreamFailure timedOut(ApiUpstream upstream, Duration waited) {
    return upstream
        .limit()
        .orElseGet(() ->
            upstream.withLastAnswer(
                new UpstreamFailure(
                    UpstreamFailure.Kind.TIMED_OUT,
                    "it did not answer within " + waited.toSeconds() + " s")));
  }

  /**
   * The reply to a request for which upstream gave no value.
   *
   * @param what the client asked for, for example {@code model acme/tiny-bert}
   */
  static ErrorReply reply(UpstreamResult.NoValue<?> reason, String what) {
    return switch (reason) {
      case UpstreamResult.Refused(var refusal) -> reply(refusal);
      case UpstreamResult.Failed(var failure) -> reply(failure, what);
    };
  }

  /**
   * The reply to a request for the bytes of a file, which upstream did not send. A limit of the
   * rate is a 429, the only such status after which {@code huggingface_hub} from 1.0 on asks for
   * bytes again.
   *
   * @param what as for {@link #reply(UpstreamResult.NoValue, String)}
   */
  static ErrorReply contentReply(UpstreamResult.NoValue<?> reason, String what) {
    ErrorReply reply = reply(reason, what);
    boolean limited =
        reason.asFailure().filter(f -> f.kind() == UpstreamFailure.Kind.RATE_LIMITED).isPresent();
    return limited ? new ErrorReply(reply.error().withStatus(429), reply.commit()) : reply;
  }

  /** The reply that passes a refusal on, in the Hub's words. */
  static ErrorReply reply(HubRefusal refusal) {
    return new ErrorReply(refusal.error(), refusal.commit());
  }

  /**
   * The reply to a request for which upstream failed.
   *
   * @param what the client asked for, for example {@code model acme/tiny-bert}
   */
  static ErrorReply reply(UpstreamFailure failure, String what) {
    return new ErrorReply(error(failure, what), Optional.empty());
  }

  private static HubError error(UpstreamFailure failure, String what) {
    return switch (failure.kind()) {
      case OFFLINE -> OutageErrors.offline(what);
      case UNREACHABLE, TIMED_OUT, BROKEN, STALE_ANSWER ->
          failure.needsOperator()
              ? OutageErrors.upstreamMisconfigured(what, failure.reason(), failure.isLasting())
              : OutageErrors.upstreamUnreachable(what, failure.reason(), failure.isLasting());
      case CIRCULAR -> OutageErrors.circular(what, failure.reason());
      case RATE_LIMITED -> LimitErrors.rateLimited(what, failure.reason(), failure.retryAfter());
      case SERVER_ERROR, UNEXPECTED_ANSWER, INCOMPLETE_ANSWER, NO_REPO_INFO ->
          OutageErrors.badUpstream(
              what, failure.reason(), failure.retryAfter(), failure.isLasting());
      case OVER_LIMIT ->
          LimitErrors.tooManyRequests(
              "intrahub did not ask the Hub for " + what + ": " + failure.reason() + ".",
              failure.retryAfter().orElse(Duration.ZERO));
      case BUSY -> LimitErrors.upstreamBusy(what, failure.reason());
      case WRONG_CONTENT -> OutageErrors.wrongContent(what, failure.reason());
    };
  }
}
