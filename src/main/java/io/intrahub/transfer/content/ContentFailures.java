package io.intrahub.transfer.content;

import io.intrahub.hub.BlobId;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;

/** What a client is told that upstream did not say itself. */
public final class ContentFailures {
  public static final UpstreamFailure STOPPING =
      new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "the mirror is being stopped");

  /** The store takes nothing, and too many want to go past it. */
  public static final UpstreamFailure QUEUE_TIMEOUT =
      new UpstreamFailure(
          UpstreamFailure.Kind.BUSY,
          "the mirror's disk accepts no files now, and too many clients wait for pass-through");

  /** The limit of pass-through streams is reached. */
  public static final UpstreamFailure STREAMS =
      new UpstreamFailure(
          UpstreamFailure.Kind.BUSY,
          "too many files that are not stored are streaming to clients"
              + " (transfer.passthrough-streams)");

  static final UpstreamFailure NOT_EMPTY =
      new UpstreamFailure(
          UpstreamFailure.Kind.UNEXPECTED_ANSWER,
          "it announces an empty file with the digest of another file");

  private ContentFailures() {}

  /**
   * The value of a result, for a stream whose head is out already.
   *
   * @throws IOException when upstream refused or failed
   */
  public static <T> T orThrow(UpstreamResult<T> result) throws IOException {
    return switch (result) {
      case UpstreamResult.Value(var value) -> value;
      case UpstreamResult.Refused(_) -> throw new IOException("upstream refuses it now");
      case UpstreamResult.Failed(var failure) ->
          throw new IOException("upstream failed: " + failure.reason());
    };
  }

  /** A content came wrong for the second time: of a large one, wrong bytes went out before. */
  public static UpstreamFailure wrongTwice(BlobId blob) {
    return new UpstreamFailure(
        HoldBack.isSmall(blob.size())
            ? UpstreamFailure.Kind.UNEXPECTED_ANSWER
            : UpstreamFailure.Kind.WRONG_CONTENT,
        "its content does not have the announced digest");
  }
}
