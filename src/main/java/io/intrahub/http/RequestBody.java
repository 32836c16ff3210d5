package io.intrahub.http;

import io.intrahub.base.Deadline;
import io.intrahub.hub.HubError;
import io.intrahub.hub.LimitErrors;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.io.EndPoint;

/**
 * The body of a request, with limits on its length and on its whole duration. A time-out between
 * two bytes alone would never stop a client that sends one byte a second. For the thread that
 * handles the request, which closes it.
 */
final class RequestBody extends InputStream {
  private final InputStream body;
  private final EndPoint connection;
  private final long idleMillis;
  private final long maxBytes;
  private final Deadline deadline;
  private long bytes;

  /** Thrown if a body exceeds a limit. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient HubError error;

    RefusedException(HubError error) {
      super(error.message());
      this.error = error;
    }

    HubError error() {
      return error;
    }
  }

  /**
   * Starts to read a body.
   *
   * @param maxBytes greatest length in bytes
   * @param timeout how long the whole body may take from now on
   * @throws RefusedException if the announced length exceeds the limit; then nothing was read
   */
  RequestBody(Exchange exchange, long maxBytes, Duration timeout) throws IOException {
    this.maxBytes = maxBytes;
    if (exchange.request().getContentLengthLong() > maxBytes) {
      throw tooLarge();
    }
    this.deadline = Deadline.in(timeout);
    this.connection =
        ServletContextRequest.getServletContextRequest(exchange.request())
            .getConnectionMetaData()
            .getConnection()
            .getEndPoint();
    this.idleMillis = connection.getIdleTimeout();
    this.body = exchange.request().getInputStream();
  }

  private RefusedException tooLarge() {
    return new RefusedException(
        LimitErrors.tooLarge(
            "The body is larger than " + maxBytes + " bytes. Ask for fewer paths at once."));
  }

  private RefusedException late() {
    return new RefusedException(
        LimitErrors.requestTimeout(
            "The body did not arrive within "
                + deadline.whole().toSeconds()
                + " s (server.body-timeout)."));
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    long left = deadline.left().toMillis();
    if (left <= 0) {
      throw late();
    }
    // A read returns when a byte arrives, so each read may wait only for the time that is left.
    connection.setIdleTimeout(Math.min(left, idleMillis));
    int read;
    try {
      read = body.read(into, offset, length);
    } catch (IOException e) {
      throw e.getCause() instanceof TimeoutException ? late() : e;
    }
    bytes += Math.max(0, read);
    if (bytes > maxBytes) {
      throw tooLarge();
    }
    return read;
  }

  /** Restores the connection's idle time-out. Does not read the rest of the body. */
  @Override
  public void close() {
    connection.setIdleTimeout(idleMillis);
  }
}
