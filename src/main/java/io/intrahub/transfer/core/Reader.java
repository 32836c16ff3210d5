package io.intrahub.transfer.core;

import io.intrahub.upstream.BlobSource;

/**
 * One client that reads along with a transfer. Owner of the fields: the {@link TransferState} it
 * belongs to.
 */
public final class Reader {
  private final BlobSource source;

  /** The first byte it wants. */
  private final long start;

  /** Behind the last byte it wants. */
  final long end;

  /** The offset from which its bytes wait for the digest. */
  final long heldFrom;

  /** Whether it takes the content for complete at its end, so that all of it is wanted. */
  final boolean completing;

  /** What may be fetched behind its end, because such readers went on there before. */
  final long ahead;

  long position;

  /** How much the next run in its name fetches before it looks around. */
  long claim;

  /** Held bytes that went out all the same, so that its client does not give up. */
  long trickled;

  ReaderOutcome outcome = new ReaderOutcome.Reading();

  Reader(
      BlobSource source,
      long position,
      long end,
      long heldFrom,
      boolean completing,
      long ahead,
      long claim) {
    this.source = source;
    this.start = position;
    this.position = position;
    this.end = end;
    this.heldFrom = heldFrom;
    this.completing = completing;
    this.ahead = ahead;
    this.claim = claim;
  }

  /** Where its client's bytes may come from, in its own name. */
  public BlobSource source() {
    return source;
  }

  /** Whether it took bytes, so that what comes has to go with them. */
  boolean hasTaken() {
    return position > start;
  }

  boolean isReading() {
    return outcome instanceof ReaderOutcome.Reading;
  }
}
