package io.intrahub.http;

import io.intrahub.base.DirectBufferPool;
import io.intrahub.hub.HubError;
import io.intrahub.mirror.FileContent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.eclipse.jetty.ee10.servlet.HttpOutput;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes contents from pooled direct buffers. A response that can't be completed is broken, never
 * ended: the length was promised, and a short or padded body must not look whole. Safe for use by
 * many threads.
 */
final class BodyWriter {
  private static final Logger log = LoggerFactory.getLogger(BodyWriter.class);

  private final DirectBufferPool buffers;

  BodyWriter(DirectBufferPool buffers) {
    this.buffers = buffers;
  }

  /**
   * Writes a whole content and closes it. A failure breaks the response off and is not thrown; an
   * {@link Error} is thrown, and {@link HubServer} breaks the response off.
   *
   * @param length promised to the client
   */
  void write(Exchange exchange, FileContent fileContent, long length) throws IOException {
    try (fileContent) {
      CacheHeaders.write(exchange, fileContent.label(), fileContent.verified());
      exchange.response().setContentLengthLong(length);
      if (fileContent.isAwaited()) {
        exchange.response().flushBuffer();
      }
      HttpOutput out = (HttpOutput) exchange.response().getOutputStream();
      long left = length;
      while (left > 0) {
        // Waited for without a buffer: a crowd that waits for one silent upstream would hold all of
        // them, and nobody could be sent even what is on disk.
        fileContent.await();
        left -= writeSome(exchange, fileContent, out, left);
      }
    } catch (IOException | RuntimeException e) {
      log.info(
          "{}: the response broke off after {} of {} bytes: {}",
          exchange.requestId(),
          exchange.bytesSent(),
          length,
          e.toString());
      if (exchange.response().isCommitted() || !refuse(exchange, e)) {
        abort(exchange, e);
      }
    }
  }

  /**
   * One loan, one read, one write. A client that takes nothing keeps the loan until its connection
   * is given up, so another must not wait for it.
   */
  private int writeSome(Exchange exchange, FileContent fileContent, HttpOutput out, long left)
      throws IOException {
    try (DirectBufferPool.Loan loan = buffers.borrowNow()) {
      ByteBuffer buffer = loan.buffer();
      int read = fileContent.read(buffer);
      if (read <= 0 || read > left) {
        throw new IOException("the content has another length than was announced");
      }
      boolean more = buffer.hasRemaining() && read < left;
      buffer.flip();
      out.write(buffer);
      if (more) {
        // Less came than was room for: it flows slowly, and the client should have what there is.
        out.flush();
      }
      exchange.sent(read);
      return read;
    }
  }

  /**
   * Answers with an error as long as nothing went out: to break such a response off would make it
   * Jetty's own 500.
   *
   * @return false when that can't be done either
   */
  private static boolean refuse(Exchange exchange, Throwable cause) {
    try {
      exchange.startOver();
      ErrorWriter.write(
          exchange,
          HubError.badUpstream("this file", "it broke off before its first byte", Optional.empty()),
          Optional.empty());
      return true;
    } catch (IOException | RuntimeException e) {
      cause.addSuppressed(e);
      return false;
    }
  }

  /** Makes the client see that the body is not whole: no byte goes out any more. */
  static void abort(Exchange exchange, Throwable cause) {
    // Not by the channel's abort: Javalin takes an aborted request for an asynchronous one, and
    // logs a fault of its own.
    if (exchange.request().getProtocol().equals("HTTP/1.0")) {
      // A body without a length ends there with the connection, so its end must be a reset.
      exchange.connection().resetOnClose();
    }
    exchange.connection().close(new IOException("the response is broken off", cause));
  }
}
