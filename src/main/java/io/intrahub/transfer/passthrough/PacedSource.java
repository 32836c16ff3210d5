package io.intrahub.transfer.passthrough;

import io.intrahub.hub.ByteRange;
import io.intrahub.transfer.limits.BandwidthLimiter;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.ForwardingBlobSource;
import io.intrahub.upstream.UpstreamResult;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;

/**
 * A source whose bytes go past the store: no faster than all of upstream's together may, and not
 * forgotten when they were wrong.
 */
public final class PacedSource implements ForwardingBlobSource {
  private final BlobSource source;
  private final BandwidthLimiter bandwidthLimiter;
  private final boolean small;
  private final Runnable onWrong;

  /**
   * The same source, paced.
   *
   * @param small whether its content is one that does not wait, as {@link
   *     BandwidthLimiter#throttle}
   * @param onWrong run when its content came wrong
   */
  public PacedSource(
      BlobSource source, BandwidthLimiter bandwidthLimiter, boolean small, Runnable onWrong) {
    this.source = source;
    this.bandwidthLimiter = bandwidthLimiter;
    this.small = small;
    this.onWrong = onWrong;
  }

  @Override
  public BlobSource source() {
    return source;
  }

  @Override
  public UpstreamResult<Opened> open(ByteRange.Span span) {
    return source.open(span).map(this::paced);
  }

  @Override
  public UpstreamResult<Opened> openUnlessLimited(ByteRange.Span span) {
    return source.openUnlessLimited(span).map(this::paced);
  }

  private Opened paced(Opened opened) {
    return new Opened(new ThrottledStream(opened.stream()), opened.ranged());
  }

  @Override
  public void reportWrongContent() {
    onWrong.run();
    source.reportWrongContent();
  }

  /** For the operator, like that of the source. */
  @Override
  public String toString() {
    return source.toString();
  }

  private final class ThrottledStream implements Stream {
    private final Stream stream;

    ThrottledStream(Stream stream) {
      this.stream = stream;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      int read = stream.read(into);
      if (read > 0) {
        pause(read);
      }
      return read;
    }

    private void pause(int read) throws IOException {
      try {
        if (isBackground()) {
          bandwidthLimiter.throttleBackground(read, PacedSource.this::isBackground);
        } else {
          bandwidthLimiter.throttle(read, small);
        }
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
