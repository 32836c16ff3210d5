package io.intrahub.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.ee10.servlet.HttpOutput;

/**
 * Writes bodies that are in memory, without a copy and with their length. If Jetty does not know
 * which write is the last, it copies the bytes into a buffer of its own, which a slow client holds
 * and no limit counts.
 */
final class WholeBody {
  /** Bytes per write: the JDK copies all bytes of a write into a direct buffer. */
  private static final int PIECE = 64 * 1024;

  private WholeBody() {}

  /**
   * Writes a body and announces its length; a HEAD gets only the length.
   *
   * @throws IOException if the connection fails
   */
  static void write(Exchange exchange, byte[] body) throws IOException {
    exchange.response().setContentLengthLong(body.length);
    if (exchange.isHead()) {
      return;
    }
    HttpOutput out = (HttpOutput) exchange.response().getOutputStream();
    for (int offset = 0; offset < body.length; offset += PIECE) {
      int length = Math.min(PIECE, body.length - offset);
      if (offset + length == body.length) {
        exchange.ending();
      }
      out.write(ByteBuffer.wrap(body, offset, length));
      exchange.sent(length);
    }
  }
}
