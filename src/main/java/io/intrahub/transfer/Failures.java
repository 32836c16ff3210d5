package io.intrahub.transfer;

import io.intrahub.hub.BlobId;
import io.intrahub.upstream.UpstreamFailure;

/** What a client is told that upstream did not say itself. */
final class Failures {
  static final UpstreamFailure STOPPING =
      new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "the mirror is being stopped");

  /** The store takes nothing, and too many want to go past it. */
  static final UpstreamFailure LINE =
      new UpstreamFailure(
          UpstreamFailure.Kind.CROWDED,
          "the mirror's disk takes nothing now, and too many wait to load past it");

  /** The limit of pass-through streams is reached. */
  static final UpstreamFailure STREAMS =
      new UpstreamFailure(
          UpstreamFailure.Kind.CROWDED,
          "too many files that are not kept are on their way to clients"
              + " (transfer.passthrough-streams)");

  static final UpstreamFailure NOT_EMPTY =
      new UpstreamFailure(
          UpstreamFailure.Kind.STRANGE, "it announces an empty content with a digest of another");

  private Failures() {}

  /** A content came wrong for the second time: of a large one, wrong bytes went out before. */
  static UpstreamFailure wrongTwice(BlobId blob) {
    return new UpstreamFailure(
        HoldBack.isSmall(blob.size()) ? UpstreamFailure.Kind.STRANGE : UpstreamFailure.Kind.WRONG,
        "its content does not have the announced digest");
  }
}
