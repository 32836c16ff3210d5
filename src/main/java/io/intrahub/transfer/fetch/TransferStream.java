package io.intrahub.transfer.fetch;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.transfer.content.ContentStream;
import io.intrahub.transfer.core.ReaderOutcome;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A response that reads along with a transfer. When the store fails, it goes on with a fallback
 * stream: straight from upstream, hashed, with its end held back as before.
 */
public final class TransferStream implements ContentStream {
  private final Transfer transfer;
  private final WaitingReaders.Handle handle;
  private final BlobId blob;
  private final Fallback fallback;
  private final Duration trickleInterval;
  private final long end;
  private final boolean awaited;
  private long position;
  private boolean closed;
  private @Nullable ContentStream fallbackStream;

  /** Opens the way on without the store. */
  public interface Fallback {
    /** Goes on at a byte. */
    ContentStream open(long position) throws IOException;
  }

  /**
   * Reads a span.
   *
   * @param handle of this reader; left by {@link #close}
   * @param awaited nothing of it is there yet
   * @param trickleInterval a held byte goes out when the reader has waited this long
   */
  public TransferStream(
      Transfer transfer,
      WaitingReaders.Handle handle,
      BlobId blob,
      ByteRange.Span span,
      boolean awaited,
      Duration trickleInterval,
      Fallback fallback) {
    this.transfer = transfer;
    this.handle = handle;
    this.blob = blob;
    this.position = span.offset();
    this.end = span.end();
    this.awaited = awaited;
    this.trickleInterval = trickleInterval;
    this.fallback = fallback;
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    if (position >= end) {
      return -1;
    }
    if (fallbackStream != null) {
      return count(fallbackStream.read(into));
    }
    while (true) {
      WaitingReaders.ReadableState readable = awaitState();
      if (readable.outcome() instanceof ReaderOutcome.StoreFailed) {
        fallbackStream = fallback.open(position);
        return count(fallbackStream.read(into));
      }
      if (readable.readable() <= position) {
        throw new IllegalStateException("a reader that was woken has bytes or a reason");
      }
      int read = readLimited(into, readable.readable());
      if (read != 0) {
        return count(read);
      }
      // The store broke at this moment: what was read may be anything.
    }
  }

  /** Waits until there are bytes, or it is clear that the store has no more. */
  private WaitingReaders.ReadableState awaitState() throws IOException {
    WaitingReaders.ReadableState readable;
    try {
      readable = transfer.waitingReaders().awaitBytes(handle, trickleInterval);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("stopped while waiting for upstream");
    }
    switch (readable.outcome()) {
      case ReaderOutcome.Wrong _ ->
          throw new IOException("what upstream sent does not have the announced digest");
      // What was fetched while it might read it is still its own.
      case ReaderOutcome.Refused _ when readable.readable() <= position ->
          throw new IOException("upstream refuses it now");
      case ReaderOutcome.Failed failed when readable.readable() <= position ->
          throw new IOException("upstream failed: " + failed.failure().reason());
      case ReaderOutcome.Failed _,
          ReaderOutcome.Refused _,
          ReaderOutcome.Reading _,
          ReaderOutcome.StoreFailed _ -> {}
    }
    return readable;
  }

  /** Where the transfer has not come yet, and for the digest. */
  @Override
  public void await() throws IOException {
    if (position >= end) {
      return;
    }
    if (fallbackStream != null) {
      fallbackStream.await();
    } else {
      var _ = awaitState();
    }
  }

  private int readLimited(ByteBuffer into, long limit) throws IOException {
    int oldLimit = into.limit();
    if (into.remaining() > limit - position) {
      into.limit(into.position() + (int) (limit - position));
    }
    try {
      return transfer.read(handle, into, position);
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
    if (fallbackStream != null) {
      fallbackStream.close();
    }
    transfer.leave(handle);
  }
}
