package io.intrahub.http;

import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubError;
import io.intrahub.hub.json.ErrorJson;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;

/**
 * A connection over a limit. Whatever the client asks for, it gets an error in the Hub's form, and
 * the connection is closed.
 *
 * <p>Bytes from the client are read and discarded until it closes its side. Closing a connection
 * with unread bytes would reset it, and the client would not see the error.
 */
final class RefusedConnection extends AbstractConnection {
  private static final int MAX_UNREAD = 64 * 1024;

  private final HubError error;
  private final String requestId;
  private int thrownAway;

  RefusedConnection(EndPoint endPoint, Executor executor, HubError error, String requestId) {
    super(endPoint, executor);
    this.error = error;
    this.requestId = requestId;
  }

  private static ByteBuffer answer(HubError error, String requestId) {
    byte[] body = ErrorJson.write(error.message());
    String head =
        "HTTP/1.1 %d %s\r\n%s: %s\r\n%s: %s\r\n%s: %d\r\n%s: application/json; charset=utf-8\r\n%s: %d\r\n%s: private, no-store\r\n%sConnection: close\r\n\r\n"
            .formatted(
                error.status(),
                HttpStatus.getMessage(error.status()),
                HeaderNames.X_REQUEST_ID,
                requestId,
                HeaderNames.X_ERROR_MESSAGE,
                error.message(),
                HeaderNames.RETRY_AFTER,
                error.retryAfterSeconds().orElse(1),
                HeaderNames.CONTENT_TYPE,
                HeaderNames.CONTENT_LENGTH,
                body.length,
                HeaderNames.CACHE_CONTROL,
                error
                    .limit()
                    .map(
                        l -> HeaderNames.CACHE_STATUS + ": " + CacheHeaders.cacheStatus(l) + "\r\n")
                    .orElse(""));
    byte[] start = head.getBytes(StandardCharsets.ISO_8859_1);
    return ByteBuffer.allocate(start.length + body.length).put(start).put(body).flip();
  }

  @Override
  public void onOpen() {
    super.onOpen();
    EndPoint end = getEndPoint();
    end.write(
        Callback.from(
            () -> {
              end.shutdownOutput();
              fillInterested();
            },
            end::close),
        answer(error, requestId));
  }

  @Override
  public void onFillable() {
    ByteBuffer waste = BufferUtil.allocate(1024);
    try {
      while (true) {
        BufferUtil.clear(waste);
        int read = getEndPoint().fill(waste);
        thrownAway += Math.max(read, 0);
        if (read < 0 || thrownAway > MAX_UNREAD) {
          close();
          return;
        }
        if (read == 0) {
          fillInterested();
          return;
        }
      }
    } catch (IOException e) {
      close();
    }
  }
}
