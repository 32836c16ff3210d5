package io.intrahub.transfer;

import io.intrahub.upstream.UpstreamFailure;

/** What a client is told that upstream did not say itself. */
final class Failures {
  static final UpstreamFailure STOPPING =
      new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "the mirror is being stopped");

  static final UpstreamFailure WRONG =
      new UpstreamFailure(
          UpstreamFailure.Kind.STRANGE, "its content does not have the announced digest");

  static final UpstreamFailure NOT_EMPTY =
      new UpstreamFailure(
          UpstreamFailure.Kind.STRANGE, "it announces an empty content with a digest of another");

  private Failures() {}
}
