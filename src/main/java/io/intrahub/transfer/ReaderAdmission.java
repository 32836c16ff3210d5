package io.intrahub.transfer;

import io.intrahub.base.Deadline;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.transfer.content.ContentFailures;
import io.intrahub.transfer.content.ContentStream;
import io.intrahub.transfer.content.HoldBack;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.transfer.core.ReaderOutcome;
import io.intrahub.transfer.fetch.Transfer;
import io.intrahub.transfer.fetch.TransferStream;
import io.intrahub.transfer.fetch.WaitingReaders;
import io.intrahub.transfer.passthrough.PassThroughStreams;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * How a client comes to read along with a transfer: it is taken in, and waits until the head of its
 * response can go out. Safe for use by many threads.
 */
final class ReaderAdmission {
  private final TransferSettings settings;
  private final PassThroughStreams passThrough;

  /**
   * Creates an admission with these limits. Readers fall back to pass-through when the store fails.
   */
  ReaderAdmission(TransferSettings settings, PassThroughStreams passThrough) {
    this.settings = settings;
    this.passThrough = passThrough;
  }

  /**
   * What one client wants.
   *
   * @param held whether no byte of it may go out before the verdict
   * @param onWrong run when it turns out that wrong bytes may have gone past the store
   */
  record Request(
      BlobId blob,
      BlobSource source,
      ByteRange.Span span,
      boolean completing,
      boolean held,
      Deadline deadline,
      Runnable onWrong) {
    /** The same, but no byte goes out before the verdict. */
    Request allHeld() {
      return new Request(blob, source, span, completing, true, deadline, onWrong);
    }

    /** The same, but all of the content is read and checked if any of it had to be. */
    Request checked() {
      return new Request(blob, source, span, completing || held, held, deadline, onWrong);
    }

    /** The rest of it, past the store. */
    PassThroughStreams.Request past(ByteRange.Span rest) {
      return new PassThroughStreams.Request(source, blob, rest, completing, onWrong);
    }
  }

  /**
   * Takes a client into a transfer. Empty when that is over; then it is out of the way, unless the
   * client's time is.
   */
  static Optional<WaitingReaders.Handle> admit(Transfer transfer, Request r)
      throws IOException, InterruptedException {
    long heldFrom =
        r.held() ? 0 : r.completing() ? HoldBack.start(r.blob().size()) : Long.MAX_VALUE;
    // What waits for the verdict needs all of it.
    boolean whole = r.completing() || r.held();
    Optional<WaitingReaders.Handle> handle = transfer.join(r.source(), r.span(), whole, heldFrom);
    if (handle.isEmpty()) {
      transfer.awaitEnd(r.deadline().left());
    }
    return handle;
  }

  /**
   * Opens a span in a transfer. Empty when a small content came wrong for the first time: a second
   * download may be right, and the client need not know.
   */
  Optional<UpstreamResult<OpenedContent>> open(
      Transfer transfer, WaitingReaders.Handle handle, Request r, boolean wrongBefore)
      throws InterruptedException {
    boolean kept = false;
    try {
      Optional<WaitingReaders.ReadableState> readable = awaitHead(transfer, handle, r);
      // Upstream is slow, but it has not failed: the head goes out now, and the bytes when they
      // come. A client that is told of an error here gives up: huggingface_hub 2.4.0 asks again
      // for a content that stops, but not after a 504.
      boolean late = readable.isEmpty();
      if (late || readable.get().outcome() instanceof ReaderOutcome.Reading) {
        // Nor may the head wait for a byte to go with it when all bytes are held back.
        boolean awaited = late || (r.held() && readable.get().readable() <= r.span().offset());
        // What ends before the content does goes out before the digest is known.
        boolean verified = r.held() || r.completing() || transfer.isPublished();
        ContentStream stream = stream(transfer, handle, r, awaited);
        kept = true;
        return Optional.of(
            new UpstreamResult.Value<>(
                new OpenedContent(stream, OpenedContent.Origin.TRANSFER, verified)));
      }
      return switch (readable.get().outcome()) {
        case ReaderOutcome.Refused refused ->
            Optional.of(new UpstreamResult.Refused<>(refused.refusal()));
        case ReaderOutcome.Failed f -> Optional.of(new UpstreamResult.Failed<>(f.failure()));
        case ReaderOutcome.Wrong _ ->
            wrongBefore
                ? Optional.of(new UpstreamResult.Failed<>(ContentFailures.wrongTwice(r.blob())))
                : Optional.empty();
        case ReaderOutcome.StoreFailed _ ->
            Optional.of(passThrough.openQueued(r.past(r.span()), r.deadline()));
        case ReaderOutcome.Reading _ -> throw new IllegalStateException("answered above");
      };
    } finally {
      if (!kept) {
        transfer.leave(handle);
      }
    }
  }

  /** Waits until the head can go out. Empty when it has to, though nothing is known yet. */
  private Optional<WaitingReaders.ReadableState> awaitHead(
      Transfer transfer, WaitingReaders.Handle handle, Request r) throws InterruptedException {
    Deadline head = Deadline.in(least(settings.openTimeout(), r.deadline().left()));
    if (r.held()) {
      boolean small = HoldBack.isSmall(r.blob().size());
      Duration check = small ? least(settings.checkTimeout(), head.left()) : head.left();
      Optional<WaitingReaders.ReadableState> verdict =
          transfer.waitingReaders().awaitVerdict(handle, check);
      if (verdict.isPresent()) {
        return verdict;
      }
      // Its bytes come slowly, and are held back still. As long as none has come at all, it may
      // yet be told of a clean error.
    }
    return transfer.waitingReaders().awaitFlow(handle, head.left());
  }

  private static Duration least(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  private ContentStream stream(
      Transfer transfer, WaitingReaders.Handle handle, Request r, boolean awaited) {
    return new TransferStream(
        transfer,
        handle,
        r.blob(),
        r.span(),
        awaited,
        settings.trickleInterval(),
        position ->
            passThrough.resumeQueued(
                r.checked().past(new ByteRange.Span(position, r.span().end() - position)),
                new ReplayCheck(transfer::readAgain, r.span().offset(), r.onWrong())));
  }
}
