package io.intrahub.transfer;

import io.intrahub.hub.ByteRange;
import io.intrahub.store.StoredBlob;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A part of a published blob. */
final class StoredStream implements ContentStream {
  private final StoredBlob blob;
  private final long end;
  private long position;

  StoredStream(StoredBlob blob, ByteRange.Span span) {
    this.blob = blob;
    this.position = span.offset();
    this.end = span.end();
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    if (position >= end) {
      return -1;
    }
    int oldLimit = into.limit();
    if (into.remaining() > end - position) {
      into.limit(into.position() + (int) (end - position));
    }
    try {
      int read = blob.read(into, position);
      position += read;
      return read;
    } finally {
      into.limit(oldLimit);
    }
  }

  /** A disk is not waited for without a buffer: it has to copy somewhere. */
  @Override
  public void await() {}

  @Override
  public void close() {
    blob.close();
  }
}
