package io.intrahub.transfer.core;

import io.intrahub.hub.ByteRange;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Who reads along with a transfer, in the order of coming: what each may have, and how each ends.
 */
final class Readers implements Iterable<Reader> {
  private final TransferLimits limits;
  private final Pieces pieces;
  private final List<Reader> all = new ArrayList<>();
  private final ReadAheadDetector readAhead = new ReadAheadDetector();

  /** Pieces are those of the state, which changes them. */
  Readers(TransferLimits limits, Pieces pieces) {
    this.limits = limits;
    this.pieces = pieces;
  }

  @Override
  public Iterator<Reader> iterator() {
    return all.iterator();
  }

  Stream<Reader> stream() {
    return all.stream();
  }

  boolean isEmpty() {
    return all.isEmpty();
  }

  int count() {
    return all.size();
  }

  /** As {@link TransferState#join}. */
  Reader join(BlobSource source, ByteRange.Span span, boolean completing, long heldFrom) {
    // Who waits for the digest needs all of it, however little it asks for.
    boolean whole = completing || heldFrom < span.end();
    long ahead = whole ? 0 : readAhead.readAheadFrom(span.offset(), limits);
    // What a client asks for is no guess: it is fetched in as few requests as may be.
    long claim =
        whole
            ? limits.maxClaim()
            : Math.clamp(span.length() + ahead, limits.firstClaim(), limits.maxClaim());
    Reader reader =
        new Reader(
            source,
            span.offset(),
            span.end(),
            Math.max(heldFrom, span.offset()),
            whole,
            ahead,
            claim);
    all.add(reader);
    return reader;
  }

  void leave(Reader reader) {
    if (!all.remove(reader)) {
      throw new IllegalStateException("a reader leaves once");
    }
    if (!reader.completing && reader.position >= reader.end) {
      readAhead.ended(reader.end, Math.max(reader.ahead, limits.firstClaim()));
    }
  }

  /** As {@link TransferState#readable}. */
  long readable(Reader reader, Phase phase) {
    if (phase == Phase.PUBLISHED) {
      return reader.end;
    }
    if (phase == Phase.STORE_FAILED) {
      // A disk that failed to make bytes durable may have thrown them away and give others.
      return reader.position;
    }
    long there = Math.min(pieces.availableUpTo(reader.position), reader.end);
    long open = reader.heldFrom + reader.trickled;
    return Math.max(reader.position, Math.min(there, open));
  }

  /** As {@link TransferState#trickle}, while the transfer runs. Whether a byte goes out. */
  boolean trickle(Reader reader) {
    boolean there = pieces.availableUpTo(reader.position) > reader.position;
    boolean trickles =
        there
            && readable(reader, Phase.RUNNING) == reader.position
            && reader.position + 1 < reader.end;
    if (trickles) {
      reader.trickled++;
    }
    return trickles;
  }

  /** Whether anybody waits for bytes. */
  boolean areBlocked(Phase phase) {
    return all.stream().anyMatch(r -> isBlocked(r, phase));
  }

  private boolean isBlocked(Reader reader, Phase phase) {
    return reader.isReading()
        && reader.position < reader.end
        && readable(reader, phase) == reader.position;
  }

  /** Who waits for bytes is told that none will come, and why. */
  void failBlocked(Function<Reader, UpstreamFailure> failure, Phase phase) {
    all.stream()
        .filter(r -> isBlocked(r, phase))
        .forEach(r -> r.outcome = new ReaderOutcome.Failed(failure.apply(r)));
  }

  /** All in whose name this source was opened are refused; another's may do. */
  void refuse(BlobSource source, HubRefusal refusal) {
    all.stream()
        .filter(r -> r.isReading() && Sponsors.same(r.source(), source))
        .forEach(r -> r.outcome = new ReaderOutcome.Refused(refusal));
  }

  /** It is over for all who read. */
  void end(ReaderOutcome outcome) {
    all.stream().filter(Reader::isReading).forEach(r -> r.outcome = outcome);
  }
}
