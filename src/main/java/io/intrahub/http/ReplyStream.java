package io.intrahub.http;

import java.io.IOException;
import java.io.OutputStream;

/**
 * Writes a body whose source may fail. Nothing goes out before {@link #HELD_BACK} bytes are there,
 * so that a source that fails early still leads to a clean error. For the request's thread; it is
 * not closed, because closing would end the response as if it were whole.
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

  /** Sends what there is, once the head is out; until then it waits for more. */
  @Override
  public void flush() throws IOException {
    if (exchange.response().isCommitted()) {
      out.flush();
    }
  }
}
