package io.intrahub.transfer;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.ByteRange;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.UpstreamFailure;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The way past a store that can't take a content. Each client's bytes come from upstream for it
 * alone, so only a few go this way at a time; who comes then waits in line. Safe for use by many
 * threads.
 */
final class Bypass {
  private static final int STREAMS = 4;

  private final Semaphore free = new Semaphore(STREAMS, true);

  /** As {@link PassThrough#open}, when it is this client's turn. */
  ContentOpening open(BlobSource source, BlobId blob, ByteRange.Span span) {
    try {
      free.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new ContentOpening.Failed(
          new UpstreamFailure(UpstreamFailure.Kind.UNREACHABLE, "the mirror is being stopped"));
    }
    boolean kept = false;
    try {
      ContentOpening opening = PassThrough.open(source, blob, span);
      if (opening instanceof ContentOpening.Ready ready) {
        kept = true;
        return new ContentOpening.Ready(
            new OneOfFew(ready.stream()), ready.origin(), ready.verified());
      }
      return opening;
    } finally {
      if (!kept) {
        free.release();
      }
    }
  }

  /** As {@link PassThrough#resume}, when it is this client's turn. */
  ContentStream resume(
      BlobSource source,
      BlobId blob,
      long position,
      long end,
      boolean completing,
      HashedStream.Witness witness)
      throws IOException {
    try {
      free.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("stopped while waiting for upstream");
    }
    boolean kept = false;
    try {
      ContentStream stream = PassThrough.resume(source, blob, position, end, completing, witness);
      kept = true;
      return new OneOfFew(stream);
    } finally {
      if (!kept) {
        free.release();
      }
    }
  }

  /** Streams that go this way now. */
  int streams() {
    return STREAMS - free.availablePermits();
  }

  private final class OneOfFew implements ContentStream {
    private final ContentStream stream;
    private final AtomicBoolean closed = new AtomicBoolean();

    OneOfFew(ContentStream stream) {
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
      if (closed.compareAndSet(false, true)) {
        stream.close();
        free.release();
      }
    }
  }
}
