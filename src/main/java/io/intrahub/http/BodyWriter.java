package io.intrahub.http;

import io.intrahub.base.DirectBufferPool;
import io.intrahub.hub.HubError;
import io.intrahub.hub.OutageErrors;
import io.intrahub.mirror.CacheLabel;
import io.intrahub.mirror.FileContent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.eclipse.jetty.ee10.servlet.HttpOutput;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the bytes of files from pooled direct buffers. If a response can't be completed, its
 * connection is closed, because a short or padded body must not look complete. Safe for use by many
 * threads.
 */
final class BodyWriter {
  private static final Logger log = LoggerFactory.getLogger(BodyWriter.class);

  private final DirectBufferPool buffers;

  BodyWriter(DirectBufferPool buffers) {
    this.buffers = buffers;
  }

  /**
   * Writes all of a content and closes it. A failure closes the connection and is not thrown. An
   * {@link Error} is thrown, and {@link HubServer} closes the connection.
   *
   * @param length number of bytes of the content, which the client is told
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
        // No buffer is held during the wait. Otherwise many clients of one silent upstream would
        // hold all buffers, and not even stored files could be sent.
        fileContent.await();
        left -= writeSome(exchange, fileContent, out, left);
      }
    } catch (IOException | RuntimeException e) {
      log.info(
          "{}: response broken off after {} of {} bytes: {}",
          exchange.requestId(),
          exchange.bytesSent(),
          length,
          e.toString());
      if (exchange.response().isCommitted() || !refuse(exchange, fileContent.label(), e)) {
        abort(exchange, e);
      }
    }
  }

  /**
   * Borrows a buffer, reads once and writes once. A client that takes no bytes keeps the buffer
   * until its connection times out, so no other client may wait for that buffer.
   */
  private int writeSome(Exchange exchange, FileContent fileContent, HttpOutput out, long left)
      throws IOException {
    try (DirectBufferPool.Loan loan = buffers.borrowNow(exchange.bufferOwner())) {
      ByteBuffer buffer = loan.buffer();
      int read = fileContent.read(buffer);
      if (read <= 0 || read > left) {
        throw new IOException("the content does not have the announced length");
      }
      boolean more = buffer.hasRemaining() && read < left;
      buffer.flip();
      if (read == left) {
        exchange.ending();
      }
      out.write(buffer);
      if (more) {
        // The read did not fill the buffer, so bytes arrive slowly: send what there is now.
        out.flush();
      }
      exchange.sent(read);
      return read;
    }
  }

  /**
   * Answers with an error if nothing was sent yet. Closing the connection instead would make Jetty
   * answer with a 500 of its own.
   *
   * @return false if that fails too
   */
  private static boolean refuse(Exchange exchange, CacheLabel label, Throwable cause) {
    try {
      exchange.startOver();
      ErrorWriter.write(
          exchange,
          label.source() == CacheLabel.Source.HIT
              ? HubError.unreadableCopy(exchange.requestId())
              : OutageErrors.badUpstream(
                  "this file", "it broke off before its first byte", Optional.empty(), false),
          Optional.empty());
      return true;
    } catch (IOException | RuntimeException e) {
      cause.addSuppressed(e);
      return false;
    }
  }

  /** Closes the connection without a further byte, so the client sees an incomplete body. */
  static void abort(Exchange exchange, Throwable cause) {
    // The channel's abort is not used: Javalin takes an aborted request for an asynchronous one and
    // logs an error.
    if (exchange.request().getProtocol().equals("HTTP/1.0")) {
      // There the end of the connection may end a body, so the connection must be reset.
      exchange.connection().resetOnClose();
    }
    exchange.connection().close(new IOException("the response was broken off", cause));
  }
}
