package io.intrahub.transfer;

import io.intrahub.hub.ByteRange;
import io.intrahub.upstream.BlobSource;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;

/** A source whose bytes come no faster than all of upstream's together may. */
final class PacedSource implements BlobSource {
  private final BlobSource source;
  private final Pace pace;
  private final boolean small;

  /**
   * The same source, paced.
   *
   * @param small whether its content is one that does not wait, as {@link Pace#keep}
   */
  PacedSource(BlobSource source, Pace pace, boolean small) {
    this.source = source;
    this.pace = pace;
    this.small = small;
  }

  @Override
  public Opening open(ByteRange.Span span) {
    Opening opening = source.open(span);
    return opening instanceof Opened opened
        ? new Opened(new PacedStream(opened.stream()), opened.ranged())
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
  public String host() {
    return source.host();
  }

  private final class PacedStream implements Stream {
    private final Stream stream;

    PacedStream(Stream stream) {
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
