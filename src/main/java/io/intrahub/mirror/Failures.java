package io.intrahub.mirror;

import io.intrahub.hub.HubError;
import io.intrahub.upstream.UpstreamFailure;

/** Says to a client why upstream gave no answer. */
final class Failures {
  private Failures() {}

  /**
   * The error for a failure.
   *
   * @param what the client asked for, for example {@code model acme/tiny-bert}
   */
  static HubError error(UpstreamFailure failure, String what) {
    return switch (failure.kind()) {
      case OFFLINE -> HubError.offline(what);
      case UNREACHABLE -> HubError.upstreamUnreachable(what, failure.reason());
      case TROUBLED, STRANGE -> HubError.badUpstream(what, failure.reason(), failure.retryAfter());
    };
  }
}
