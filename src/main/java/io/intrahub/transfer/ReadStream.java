package io.intrahub.transfer;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.transfer.core.Fate;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A response that reads along with a transfer. When the store breaks, it goes on by a detour:
 * straight from upstream, hashed, its end held back like before.
 */
final class ReadStream implements ContentStream {
  private final Transfer transfer;
  private final Seats.Seat seat;
  private final BlobId blob;
  private final Detours detours;
  private final Duration drip;
  private final long end;
  private final boolean awaited;
  private long position;
  private boolean closed;
  private @Nullable ContentStream detour;

  /** Opens the way on without the store. */
  interface Detours {
    /** Goes on at a byte. */
    ContentStream open(long position) throws IOException;
  }

  /**
   * Reads a span.
   *
   * @param seat of this reader; left by {@link #close}
   * @param awaited nothing of it is there yet
   * @param drip a held byte goes out when the reader has waited this long
   */
  ReadStream(
      Transfer transfer,
      Seats.Seat seat,
      BlobId blob,
      ByteRange.Span span,
      boolean awaited,
      Duration drip,
      Detours detours) {
    this.transfer = transfer;
    this.seat = seat;
    this.blob = blob;
    this.position = span.offset();
    this.end = span.end();
    this.awaited = awaited;
    this.drip = drip;
    this.detours = detours;
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    if (position >= end) {
      return -1;
    }
    if (detour != null) {
      return count(detour.read(into));
    }
    while (true) {
      Seats.Sight sight = sight();
      if (sight.fate() instanceof Fate.StoreBroke) {
        detour = detours.open(position);
        return count(detour.read(into));
      }
      if (sight.readable() <= position) {
        throw new IllegalStateException("a reader that was woken has bytes or a reason");
      }
      int read = readLimited(into, sight.readable());
      if (read != 0) {
        return count(read);
      }
      // The store broke at this moment: what was read may be anything.
    }
  }

  /** Waits until there are bytes, or it is clear that the store has no more. */
  private Seats.Sight sight() throws IOException {
    Seats.Sight sight;
    try {
      sight = transfer.seats().awaitBytes(seat, drip);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("stopped while waiting for upstream");
    }
    switch (sight.fate()) {
      case Fate.Wrong _ ->
          throw new IOException("what upstream sent does not have the announced digest");
      // What was fetched while it might read it is still its own.
      case Fate.Refused _ when sight.readable() <= position ->
          throw new IOException("upstream refuses it now");
      case Fate.Failed failed when sight.readable() <= position ->
          throw new IOException("upstream failed: " + failed.failure().reason());
      case Fate.Failed _, Fate.Refused _, Fate.Reading _, Fate.StoreBroke _ -> {}
    }
    return sight;
  }

  /** Where the transfer has not come yet, and for the digest. */
  @Override
  public void await() throws IOException {
    if (position >= end) {
      return;
    }
    if (detour != null) {
      detour.await();
    } else {
      var _ = sight();
    }
  }

  private int readLimited(ByteBuffer into, long limit) throws IOException {
    int oldLimit = into.limit();
    if (into.remaining() > limit - position) {
      into.limit(into.position() + (int) (limit - position));
    }
    try {
      return transfer.read(seat, into, position);
    } finally {
      into.limit(oldLimit);
    }
  }

  private int count(int read) throws IOException {
    if (read < 0) {
      throw new IOException(
          "a content of %d bytes ended %d bytes too early".formatted(blob.size(), end - position));
    }
    position += read;
    return read;
  }

  @Override
  public boolean isAwaited() {
    return awaited;
  }

  @Override
  public void close() {
    if (closed) {
      // To leave twice would let another reader's file go.
      return;
    }
    closed = true;
    if (detour != null) {
      detour.close();
    }
    transfer.leave(seat);
  }
}
