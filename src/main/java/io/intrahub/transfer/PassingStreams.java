package io.intrahub.transfer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts the contents that go past the store. Safe for use by many threads. */
final class PassingStreams {
  private final AtomicInteger open = new AtomicInteger();

  /** How many are open. */
  int open() {
    return open.get();
  }

  /** The same opening; if it is a stream, it counts until it is closed. */
  ContentOpening count(ContentOpening opening) {
    return opening instanceof ContentOpening.Ready ready
        ? new ContentOpening.Ready(count(ready.stream()), ready.origin(), ready.verified())
        : opening;
  }

  /** The same stream; it counts until it is closed. */
  ContentStream count(ContentStream stream) {
    open.incrementAndGet();
    return new Counted(stream);
  }

  private final class Counted implements ContentStream {
    private final ContentStream stream;
    private boolean closed;

    Counted(ContentStream stream) {
      this.stream = stream;
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
      if (!closed) {
        closed = true;
        open.decrementAndGet();
      }
      stream.close();
    }
  }
}
