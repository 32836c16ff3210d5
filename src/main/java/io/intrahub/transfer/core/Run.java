package io.intrahub.transfer.core;

import io.intrahub.hub.ByteRange;
import io.intrahub.upstream.BlobSource;

/**
 * One connection's work: a claim on missing bytes that nobody else fetches. The claim may shrink
 * when a reader needs something of it at once; it never grows. Owner of the fields: the {@link
 * TransferState} it belongs to.
 */
public final class Run {
  /** Why it was begun. */
  enum Kind {
    /** To get the whole. */
    SEQUENTIAL,
    /** Because a reader waits for something that no sequential run is near to. */
    URGENT
  }

  private final BlobSource source;
  private final long start;
  private final long askEnd;
  final Kind kind;

  /** Failures of runs that were begun at the same time count once. */
  final long generation;

  /** The next byte to be written. */
  long position;

  /** Bytes before this one are being written, so nobody else may take them. */
  long committed;

  /** The end of the claim. */
  long end;

  /** It should come to an end; what it has not begun to write is free for others. */
  boolean stopped;

  Run(BlobSource source, Kind kind, long start, long end, long generation) {
    this.source = source;
    this.kind = kind;
    this.start = start;
    this.position = start;
    this.committed = start;
    this.end = end;
    this.askEnd = end;
    this.generation = generation;
  }

  /** Where its bytes come from. */
  public BlobSource source() {
    return source;
  }

  /** What to ask upstream for. */
  public ByteRange.Span ask() {
    return new ByteRange.Span(start, askEnd - start);
  }

  /** The next byte to be written. */
  public long position() {
    return position;
  }

  /** Whether a byte is claimed and not written. */
  boolean covers(long offset) {
    return position <= offset && offset < end;
  }

  void stop() {
    stopped = true;
    end = committed;
  }

  @Override
  public String toString() {
    return "%s %d-%d at %d".formatted(kind, start, end, position);
  }
}
