package io.intrahub.transfer.passthrough;

import io.intrahub.transfer.content.ContentStream;
import io.intrahub.transfer.content.OpenedContent;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;

/** The same stream, with something to be done once when it is closed. */
final class ClosingStream implements ContentStream {
  private final ContentStream stream;
  private final Runnable onClose;
  private final AtomicBoolean closed = new AtomicBoolean();

  ClosingStream(ContentStream stream, Runnable onClose) {
    this.stream = stream;
    this.onClose = onClose;
  }

  /** The same opening; if it is a stream, with something to be done when it is closed. */
  static UpstreamResult<OpenedContent> closing(
      UpstreamResult<OpenedContent> opening, Runnable onClose) {
    return opening.map(opened ->
        new OpenedContent(
            new ClosingStream(opened.stream(), onClose), opened.origin(), opened.verified()));
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    return stream.read(into);
  }

  @Override
  public boolean isAwaited() {
    return stream.isAwaited();
  }

  @Override
  public void await() throws IOException {
    stream.await();
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      stream.close();
      onClose.run();
    }
  }
}
