package io.intrahub.transfer.passthrough;

import io.intrahub.transfer.content.ContentFailures;
import io.intrahub.transfer.content.ContentStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** A content that is still being opened when the head of its response has to go out. */
final class DeferredStream implements ContentStream {
  private final DeferredOpening opening;
  private @Nullable ContentStream stream;

  DeferredStream(DeferredOpening opening) {
    this.opening = opening;
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    return opened().read(into);
  }

  @Override
  public void await() throws IOException {
    opened().await();
  }

  private ContentStream opened() throws IOException {
    ContentStream known = stream;
    if (known == null) {
      known = open();
      stream = known;
    }
    return known;
  }

  private ContentStream open() throws IOException {
    try {
      return ContentFailures.orThrow(opening.result().get()).stream();
    } catch (ExecutionException e) {
      throw new IOException("it could not be opened", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("stopped while waiting for upstream");
    }
  }

  @Override
  public boolean isAwaited() {
    return true;
  }

  /** Whatever is opened after the client has gone is closed at once. */
  @Override
  public void close() {
    opening.cancel();
  }
}
