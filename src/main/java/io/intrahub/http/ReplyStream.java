package io.intrahub.http;

import java.io.IOException;
import java.io.OutputStream;

/**
 * Writes a body whose source is a stream that may fail. Nothing is sent before {@link #HELD_BACK}
 * bytes have arrived, so that a source that fails early still leads to a clean error. The body's
 * reservation in the memory budget covers Jetty's buffer of that size. {@link #close} does nothing,
 * because a body that breaks off must not look complete. For the request's thread.
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
   * Completes the body, and returns when the client has taken it. Otherwise Jetty would send the
   * last 64 KiB after the request, when no limit counts them.
   */
  void finish() throws IOException {
    out.close();
  }

  /** Sends what there is if the head was sent; otherwise does nothing. */
  @Override
  public void flush() throws IOException {
    if (exchange.response().isCommitted()) {
      out.flush();
    }
  }
}
