package io.intrahub.transfer.content;

import io.intrahub.hub.ByteRange;
import io.intrahub.store.StoredBlob;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A part of a published blob. While the blob is in doubt, the end of a response that completes it
 * is held back until its check is over.
 */
public final class StoredStream implements ContentStream {
  private final StoredBlob blob;
  private final CompletableFuture<StoredBlob.Check> check;
  private final Duration trickleInterval;
  private final long end;
  private long position;

  /** Bytes from here on wait for the check. */
  private long allowed;

  /**
   * Reads a span.
   *
   * @param completing whether the client takes the content for complete with this span
   * @param trickleInterval a held byte goes out when the reader has waited this long
   */
  public StoredStream(
      StoredBlob blob, ByteRange.Span span, boolean completing, Duration trickleInterval) {
    this.blob = blob;
    this.check = blob.check();
    this.trickleInterval = trickleInterval;
    this.position = span.offset();
    this.end = span.end();
    this.allowed = completing ? Math.min(end, HoldBack.start(blob.size())) : end;
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    if (position >= end) {
      return -1;
    }
    awaitAllowed();
    int oldLimit = into.limit();
    if (into.remaining() > allowed - position) {
      into.limit(into.position() + (int) (allowed - position));
    }
    try {
      int read = blob.read(into, position);
      position += read;
      return read;
    } finally {
      into.limit(oldLimit);
    }
  }

  /**
   * Waits until a byte may go out. While the check goes on, that is one byte each time, so that no
   * read time-out fires, but never the last one.
   */
  private void awaitAllowed() throws IOException {
    while (allowed <= position || check.isDone()) {
      try {
        switch (check.get(trickleInterval.toNanos(), TimeUnit.NANOSECONDS)) {
          case RIGHT -> {
            allowed = end;
            return;
          }
          case WRONG -> throw new IOException("what is stored does not have the announced digest");
          case FAILED -> throw new IOException("what is stored could not be checked");
        }
      } catch (TimeoutException e) {
        if (position + 1 < end) {
          allowed = position + 1;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("stopped while waiting for the check");
      } catch (ExecutionException e) {
        throw new IllegalStateException("a check never fails", e);
      }
    }
  }

  /** A disk is not waited for without a buffer: it has to copy somewhere. The check is. */
  @Override
  public void await() throws IOException {
    if (position < end) {
      awaitAllowed();
    }
  }

  @Override
  public void close() {
    blob.close();
  }
}
