package io.intrahub.transfer.passthrough;

import io.intrahub.hub.ByteRange;
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

  /** Opens one where a failure can only break the response. */
  static DirectStream open(BlobSource source, ByteRange.Span span) throws IOException {
    return switch (source.open(span)) {
      case BlobSource.Opened opened -> new DirectStream(opened.stream());
      case BlobSource.Failed failed ->
          throw new IOException("upstream failed: " + failed.failure().reason());
      case BlobSource.Refused _ -> throw new IOException("upstream refuses it now");
    };
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
