package io.intrahub.transfer;

import io.intrahub.hub.ByteRange;
import io.intrahub.upstream.BlobSource;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;

/**
 * A source whose bytes go past the store: no faster than all of upstream's together may, and not
 * forgotten when they were wrong.
 */
final class PassedSource implements BlobSource {
  private final BlobSource source;
  private final Pace pace;
  private final boolean small;
  private final Runnable onWrong;

  /**
   * The same source, paced.
   *
   * @param small whether its content is one that does not wait, as {@link Pace#keep}
   * @param onWrong run when its content came wrong
   */
  PassedSource(BlobSource source, Pace pace, boolean small, Runnable onWrong) {
    this.source = source;
    this.pace = pace;
    this.small = small;
    this.onWrong = onWrong;
  }

  @Override
  public Opening open(ByteRange.Span span) {
    Opening opening = source.open(span);
    return opening instanceof Opened opened
        ? new Opened(new PassedStream(opened.stream()), opened.ranged())
        : opening;
  }

  @Override
  public Object sponsor() {
    return source.sponsor();
  }

  @Override
  public boolean outlivesRequest() {
    return source.outlivesRequest();
  }

  @Override
  public void cameWrong() {
    onWrong.run();
    source.cameWrong();
  }

  @Override
  public String host() {
    return source.host();
  }

  private final class PassedStream implements Stream {
    private final Stream stream;

    PassedStream(Stream stream) {
      this.stream = stream;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      int read = stream.read(into);
      if (read > 0) {
        rest(read);
      }
      return read;
    }

    private void rest(int read) throws IOException {
      try {
        pace.keep(read, small);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("stopped while resting between bytes of upstream");
      }
    }

    @Override
    public void await() throws IOException {
      stream.await();
    }

    @Override
    public void abort() {
      stream.abort();
    }

    @Override
    public void close() {
      stream.close();
    }
  }
}
