package io.intrahub.http;

import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes in what a client still sends of a body that nobody read. Many clients send the head and the
 * body separately. If the connection were closed between the two, the client would be sent a reset
 * (RFC 9112 section 9.6) and would report a broken connection instead of the refusal it was sent.
 */
final class UnreadBody {
  /** More than a client sends in a request that the mirror refuses, except for uploads. */
  private static final long MAX_BYTES = 16L * 1024 * 1024;

  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private static final Logger log = LoggerFactory.getLogger(UnreadBody.class);

  private UnreadBody() {}

  /**
   * Discards the rest of the body, for a limited time and up to a limited length. If more follows,
   * Jetty closes the connection. For the thread that has answered the request.
   */
  static void discard(Exchange exchange) {
    // A client that waits for "100 Continue" sends no body after a refusal, and reading would ask
    // for it (RFC 9110 section 10.1.1).
    if (!exchange.hasBody() || exchange.header("Expect").isPresent()) {
      return;
    }
    byte[] buffer = new byte[4 * 1024];
    long left = MAX_BYTES;
    try (RequestBody body = new RequestBody(exchange, Long.MAX_VALUE, TIMEOUT)) {
      int read = 0;
      while (read >= 0 && left > 0) {
        left -= read;
        read = body.read(buffer, 0, buffer.length);
      }
    } catch (IOException e) {
      log.debug("{}: the rest of the body was not read: {}", exchange.requestId(), e.toString());
    }
  }
}
