package io.intrahub.transfer;

import io.intrahub.base.Deadline;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.transfer.core.Fate;
import io.intrahub.upstream.BlobSource;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * How a client comes to read along with a transfer: it is taken in, and waits until the head of its
 * response can go out. Safe for use by many threads.
 */
final class Joining {
  private final TransferSettings settings;
  private final Bypass bypass;

  /** A joining with these limits; who finds the store broken goes by the bypass. */
  Joining(TransferSettings settings, Bypass bypass) {
    this.settings = settings;
    this.bypass = bypass;
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
    Bypass.Request past(ByteRange.Span rest) {
      return new Bypass.Request(source, blob, rest, completing, onWrong);
    }
  }

  /**
   * Takes a client into a transfer. Empty when that is over; then it is out of the way, unless the
   * client's time is.
   */
  static Optional<Seats.Seat> sit(Transfer transfer, Request r)
      throws IOException, InterruptedException {
    long heldFrom =
        r.held() ? 0 : r.completing() ? HoldBack.start(r.blob().size()) : Long.MAX_VALUE;
    // What waits for the verdict needs all of it.
    boolean whole = r.completing() || r.held();
    Optional<Seats.Seat> seat = transfer.join(r.source(), r.span(), whole, heldFrom);
    if (seat.isEmpty()) {
      transfer.awaitOver(r.deadline().left());
    }
    return seat;
  }

  /**
   * Opens a span in a transfer. Empty when a small content came wrong for the first time: a second
   * download may be right, and the client need not know.
   */
  Optional<ContentOpening> open(Transfer transfer, Seats.Seat seat, Request r, boolean wrongBefore)
      throws InterruptedException {
    boolean kept = false;
    try {
      Optional<Seats.Sight> sight = awaitHead(transfer, seat, r);
      // Upstream is slow, but it has not failed: the head goes out now, and the bytes when they
      // come. A client that is told of an error here gives up: huggingface_hub 2.4.0 asks again
      // for a content that stops, but not after a 504.
      boolean late = sight.isEmpty();
      if (late || sight.get().fate() instanceof Fate.Reading) {
        // Nor may the head wait for a byte to go with it when all bytes are held back.
        boolean awaited = late || (r.held() && sight.get().readable() <= r.span().offset());
        // What ends before the content does goes out before the digest is known.
        boolean verified = r.held() || r.completing() || transfer.isPublished();
        ContentStream stream = stream(transfer, seat, r, awaited);
        kept = true;
        return Optional.of(new ContentOpening.Ready(stream, ContentOpening.Origin.FILL, verified));
      }
      return switch (sight.get().fate()) {
        case Fate.Refused refused -> Optional.of(new ContentOpening.Refused(refused.refusal()));
        case Fate.Failed f -> Optional.of(new ContentOpening.Failed(f.failure()));
        case Fate.Wrong _ ->
            wrongBefore
                ? Optional.of(new ContentOpening.Failed(Failures.wrongTwice(r.blob())))
                : Optional.empty();
        case Fate.StoreBroke _ -> Optional.of(bypass.openInLine(r.past(r.span()), r.deadline()));
        case Fate.Reading _ -> throw new IllegalStateException("answered above");
      };
    } finally {
      if (!kept) {
        transfer.leave(seat);
      }
    }
  }

  /** Waits until the head can go out. Empty when it has to, though nothing is known yet. */
  private Optional<Seats.Sight> awaitHead(Transfer transfer, Seats.Seat seat, Request r)
      throws InterruptedException {
    Deadline head = Deadline.in(least(settings.openTimeout(), r.deadline().left()));
    if (r.held()) {
      boolean small = HoldBack.isSmall(r.blob().size());
      Duration check = small ? least(settings.checkTimeout(), head.left()) : head.left();
      Optional<Seats.Sight> verdict = transfer.seats().awaitVerdict(seat, check);
      if (verdict.isPresent()) {
        return verdict;
      }
      // Its bytes come slowly, and are held back still. As long as none has come at all, it may
      // yet be told of a clean error.
    }
    return transfer.seats().awaitFlow(seat, head.left());
  }

  private static Duration least(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  private ContentStream stream(Transfer transfer, Seats.Seat seat, Request r, boolean awaited) {
    return new ReadStream(
        transfer,
        seat,
        r.blob(),
        r.span(),
        awaited,
        settings.drip(),
        position ->
            bypass.resumeInLine(
                r.checked().past(new ByteRange.Span(position, r.span().end() - position)),
                new Delivered(transfer::readAgain, r.span().offset(), r.onWrong())));
  }
}
