package io.intrahub.transfer;

import io.intrahub.upstream.UpstreamFailure;

/** What a client is told that upstream did not say itself. */
final class Failures {
  static final UpstreamFailure STOPPING =
      new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "the mirror is being stopped");

  private static final String OTHER_DIGEST = "its content does not have the announced digest";

  /** A small content came wrong twice. */
  static final UpstreamFailure WRONG_SMALL =
      new UpstreamFailure(UpstreamFailure.Kind.STRANGE, OTHER_DIGEST);

  /** A large content came wrong, of which wrong bytes went out before. */
  static final UpstreamFailure WRONG_AGAIN =
      new UpstreamFailure(UpstreamFailure.Kind.WRONG, OTHER_DIGEST);

  static final UpstreamFailure NOT_EMPTY =
      new UpstreamFailure(
          UpstreamFailure.Kind.STRANGE, "it announces an empty content with a digest of another");

  private Failures() {}
}
