package io.intrahub.http;

import java.io.IOException;
import java.io.OutputStream;

/**
 * Writes a body that arrives as a stream, whose source may fail. Nothing goes out before {@link
 * #HELD_BACK} bytes are there, so that a source that fails early still leads to a clean error. The
 * body's reservation in the memory budget covers Jetty's buffer of that size. For the request's
 * thread. {@link #close} does nothing, because a body that breaks off must not end as if it were
 * whole.
 */
final class ReplyStream extends OutputStream {
  /** Bytes that Jetty buffers before it sends the head. */
  static final int HELD_BACK = 64 * 1024;

  private final Exchange exchange;
  private final OutputStream out;

  ReplyStream(Exchange exchange) throws IOException {
    this.exchange = exchange;
    exchange.response().setBufferSize(HELD_BACK);
    this.out = exchange.response().getOutputStream();
  }

  @Override
  public void write(int b) throws IOException {
    out.write(b);
    exchange.sent(1);
  }

  @Override
  public void write(byte[] from, int offset, int length) throws IOException {
    out.write(from, offset, length);
    exchange.sent(length);
  }

  /**
   * Ends a whole body, and returns when the client has taken it. Without this, Jetty would send the
   * last 64 KiB after the request, when nothing counts them any more.
   */
  void finish() throws IOException {
    out.close();
  }

  /** Sends what there is, once the head is out; until then it waits for more. */
  @Override
  public void flush() throws IOException {
    if (exchange.response().isCommitted()) {
      out.flush();
    }
  }
}
