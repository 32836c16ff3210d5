package io.intrahub.http;

import io.intrahub.base.Deadline;
import io.intrahub.hub.HubError;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.io.EndPoint;

/**
 * The body of a request, with a limit on its length and one on the time it takes as a whole: a
 * client that sends one byte a second would otherwise never meet the time-out between two bytes.
 * For the thread that handles the request, which closes it.
 */
final class RequestBody extends InputStream {
  private final InputStream body;
  private final EndPoint connection;
  private final long idleMillis;
  private final long maxBytes;
  private final Deadline deadline;
  private long bytes;

  /** The body breaks a limit. */
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
   * Begins to read.
   *
   * @param maxBytes limit on the length
   * @param timeout for the whole body, from now
   * @throws RefusedException when the announced length is beyond the limit; nothing was read then
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
        HubError.tooLarge(
            "The body is larger than " + maxBytes + " bytes. Ask for fewer paths at once."));
  }

  private RefusedException late() {
    return new RefusedException(
        HubError.requestTimeout(
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
    // A read returns when a byte comes, so each one may wait for no more than what is left.
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

  /** Gives the connection its own time-out back. Does not read what is left of the body. */
  @Override
  public void close() {
    connection.setIdleTimeout(idleMillis);
  }
}
