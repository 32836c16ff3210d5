package io.intrahub.transfer.passthrough;

import io.intrahub.transfer.content.ContentStream;
import io.intrahub.upstream.BlobSource;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A part of a content straight from upstream, on upstream's word. */
final class DirectStream implements ContentStream {
  private final BlobSource.Stream stream;

  DirectStream(BlobSource.Stream stream) {
    this.stream = stream;
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    return stream.read(into);
  }

  @Override
  public void await() throws IOException {
    stream.await();
  }

  @Override
  public void close() {
    stream.close();
  }
}
