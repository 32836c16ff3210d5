package io.intrahub.transfer;

import io.intrahub.access.AuthorisedBlob;
import io.intrahub.base.Deadline;
import io.intrahub.hub.ByteRange;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Downloads blobs into the store before a client asks for them, with a share of the bandwidth. A
 * client that wants the blob meanwhile joins the transfer, which is a client's from then on. Safe
 * for use by many threads.
 */
public final class BackgroundTransfers {
  private static final int BUFFER = 64 * 1024;

  /** Within which the first bytes, or all of a small blob, must have come. */
  private static final Duration OPENING = Duration.ofMinutes(1);

  private final Transfers transfers;

  /** What came of a download. */
  public enum Outcome {
    /** The store has the blob. */
    STORED,
    /** The store can't keep the blob. */
    NOT_KEPT,
    /** Upstream sent other bytes than it had announced. */
    WRONG,
    /** The connection broke off; what has come is kept. */
    BROKEN
  }

  BackgroundTransfers(Transfers transfers) {
    this.transfers = transfers;
  }

  /** Downloads a blob and waits for the end, however long that takes. */
  public UpstreamResult<Outcome> fetch(AuthorisedBlob proof, BlobSource source) {
    long size = proof.blob().size();
    return transfers
        .open(
            proof,
            new BackgroundSource(source),
            ByteRange.Span.all(size),
            true,
            Deadline.in(OPENING))
        .flatMap(opened -> new UpstreamResult.Value<>(drain(proof, opened)));
  }

  private Outcome drain(AuthorisedBlob proof, OpenedContent opened) {
    try (var stream = opened.stream()) {
      if (opened.origin() == OpenedContent.Origin.UPSTREAM) {
        return Outcome.NOT_KEPT;
      }
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
      while (stream.read(buffer) >= 0) {
        buffer.clear();
      }
    } catch (IOException e) {
      return transfers.recentlyWrong(proof) ? Outcome.WRONG : Outcome.BROKEN;
    }
    // The last bytes come only when the blob is published, or when the store could not take it.
    return transfers.isStored(proof) ? Outcome.STORED : Outcome.NOT_KEPT;
  }

  /** Whether a failure says that upstream does not answer, so that it may do so later. */
  public static boolean isOutage(UpstreamFailure failure) {
    return switch (failure.kind()) {
      case OFFLINE,
          UNREACHABLE,
          TIMED_OUT,
          BROKEN,
          STALE_ANSWER,
          CIRCULAR,
          RATE_LIMITED,
          BUSY,
          OVER_LIMIT ->
          true;
      case SERVER_ERROR, UNEXPECTED_ANSWER, INCOMPLETE_ANSWER, NO_REPO_INFO, WRONG_CONTENT -> false;
    };
  }
}
