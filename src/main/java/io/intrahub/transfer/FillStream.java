package io.intrahub.transfer;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.upstream.BlobSource;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A response that reads along with a fill. Where the fill has not come yet, bytes come from a
 * direct read of upstream; the last bytes of a completing response come from the fill only, and
 * only when it is published.
 */
final class FillStream implements ContentStream {
  /** A front this near is waited for; what is further ahead is read directly. */
  private static final long NEAR = 4 * 1024 * 1024;

  private final Fill fill;
  private final BlobId blob;
  private final BlobSource source;
  private final Runnable onClose;
  private final long end;
  private final boolean completing;
  private final long heldFrom;
  private final Delivered delivered;
  private final boolean awaited;
  private long position;
  private boolean closed;

  /** A read of upstream ahead of the fill, while the reader is ahead. */
  private @Nullable ContentStream ahead;

  /** What the reader goes on with after the store broke. */
  private @Nullable ContentStream detour;

  /**
   * Reads a span.
   *
   * @param fill already joined; left by {@link #close}
   * @param completing the client takes the content for complete with the span
   * @param heldBack the whole content is wanted right before any byte of it goes out
   * @param awaited nothing of it is there yet
   * @param onClose run once, after the fill was left by its last reader
   */
  FillStream(
      Fill fill,
      BlobId blob,
      BlobSource source,
      ByteRange.Span span,
      boolean completing,
      boolean heldBack,
      boolean awaited,
      Runnable onClose) {
    this.fill = fill;
    this.blob = blob;
    this.source = source;
    this.onClose = onClose;
    this.position = span.offset();
    this.end = span.end();
    this.completing = completing || heldBack;
    this.awaited = awaited;
    this.heldFrom = heldBack ? 0 : completing ? HoldBack.start(blob.size()) : Long.MAX_VALUE;
    this.delivered = new Delivered(fill, blob, span.offset());
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    if (position >= end) {
      return -1;
    }
    if (detour != null) {
      return count(detour.read(into));
    }
    try {
      return position >= heldFrom ? readHeld(into) : readOpen(into);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("stopped while waiting for upstream");
    }
  }

  /** Bytes that may go out before the digest is known. */
  private int readOpen(ByteBuffer into) throws IOException, InterruptedException {
    if (fill.front() <= position && (ahead != null || position > fill.front() + NEAR)) {
      if (ahead == null) {
        long stop = Math.min(end, heldFrom);
        ahead = DirectStream.open(source, new ByteRange.Span(position, stop - position));
      }
      int at = into.position();
      int read = ahead.read(into);
      if (read > 0) {
        if (completing) {
          delivered.ranAhead(position, into.slice(at, read));
        }
        return count(read);
      }
    }
    closeAhead();
    Fill.Outcome outcome = fill.awaitByte(position);
    if (fill.front() > position) {
      long limit = Math.min(Math.min(fill.front(), end), heldFrom);
      return count(readLimited(into, limit));
    }
    return goOn(outcome, into);
  }

  /** The last bytes: only when the whole content is right, and all that was delivered of it. */
  private int readHeld(ByteBuffer into) throws IOException, InterruptedException {
    closeAhead();
    delivered.compareWithFill();
    Fill.Outcome outcome = fill.awaitByte(Long.MAX_VALUE);
    if (outcome instanceof Fill.Outcome.Published) {
      return count(readLimited(into, end));
    }
    return goOn(outcome, into);
  }

  /**
   * Where the fill has not come yet, and for the digest. What is read ahead of it is not waited.
   */
  @Override
  public void await() throws IOException {
    if (position >= end) {
      return;
    }
    if (detour != null) {
      detour.await();
      return;
    }
    if (ahead != null) {
      ahead.await();
      return;
    }
    try {
      if (position >= heldFrom) {
        var _ = fill.awaitByte(Long.MAX_VALUE);
      } else if (position <= fill.front() + NEAR) {
        var _ = fill.awaitByte(position);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("stopped while waiting for upstream");
    }
  }

  private int goOn(Fill.Outcome outcome, ByteBuffer into) throws IOException {
    return switch (outcome) {
      case Fill.Outcome.StoreBroke _, Fill.Outcome.Abandoned _ -> {
        delivered.seeAgain();
        detour = PassThrough.resume(source, blob, position, end, completing, delivered);
        yield count(detour.read(into));
      }
      case Fill.Outcome.Failed failed ->
          throw new IOException("upstream failed: " + failed.failure().reason());
      case Fill.Outcome.Wrong _ ->
          throw new IOException("what upstream sent does not have the announced digest");
      case Fill.Outcome.Refused _ -> throw new IOException("upstream refuses it now");
      case Fill.Outcome.Running _, Fill.Outcome.Published _ ->
          throw new IllegalStateException("a fill that ended has bytes or a reason");
    };
  }

  private int readLimited(ByteBuffer into, long limit) throws IOException {
    int oldLimit = into.limit();
    if (into.remaining() > limit - position) {
      into.limit(into.position() + (int) (limit - position));
    }
    try {
      return fill.read(into, position);
    } finally {
      into.limit(oldLimit);
    }
  }

  private int count(int read) throws IOException {
    if (read < 0) {
      throw new IOException("the content ended " + (end - position) + " bytes too early");
    }
    position += read;
    return read;
  }

  @Override
  public boolean isAwaited() {
    return awaited;
  }

  private void closeAhead() {
    if (ahead != null) {
      ahead.close();
      ahead = null;
    }
  }

  @Override
  public void close() {
    if (closed) {
      // To leave the fill twice would close it under another reader.
      return;
    }
    closed = true;
    closeAhead();
    if (detour != null) {
      detour.close();
    }
    onClose.run();
  }
}
