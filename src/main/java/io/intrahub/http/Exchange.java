package io.intrahub.http;

import io.intrahub.access.Caller;
import io.intrahub.hub.HeaderNames;
import io.javalin.http.Context;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;

/**
 * One request and its response, without Javalin's conveniences, which decode, compress or guess.
 * Owned by the thread that handles the request.
 */
final class Exchange {
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9.\\-_\\[\\]:]{1,255}");

  private final HttpServletRequest request;
  private final HttpServletResponse response;
  private final String requestId;
  private final Caller caller;
  private long bytesSent;
  private boolean left;

  Exchange(Context ctx, String requestId, Caller caller) {
    this.request = ctx.req();
    this.response = ctx.res();
    this.requestId = requestId;
    this.caller = caller;
  }

  HttpServletRequest request() {
    return request;
  }

  HttpServletResponse response() {
    return response;
  }

  String requestId() {
    return requestId;
  }

  Caller caller() {
    return caller;
  }

  /** Returns the name of the client that its limits count against. */
  String client() {
    return caller.client();
  }

  String method() {
    return request.getMethod();
  }

  boolean isHead() {
    return method().equals("HEAD");
  }

  boolean isRead() {
    return isHead() || method().equals("GET");
  }

  /** Returns whether the client announced a body that is not empty. */
  boolean hasBody() {
    return request.getContentLengthLong() > 0 || header("Transfer-Encoding").isPresent();
  }

  /** Drops the status, headers and body set so far. Only before the first byte is sent. */
  void startOver() {
    response.reset();
    set(HeaderNames.X_REQUEST_ID, requestId);
    Cors.onEvery(response);
  }

  /** Returns the path as it came over the wire. */
  String rawPath() {
    return request.getRequestURI();
  }

  /** Returns the query as it came over the wire, without the question mark; empty if none. */
  String rawQuery() {
    return Optional.ofNullable(request.getQueryString()).orElse("");
  }

  Optional<String> header(String name) {
    return Optional.ofNullable(request.getHeader(name));
  }

  /** Returns whether the client wants a revalidated answer (RFC 9111 section 5.2.1.4). */
  boolean noCache() {
    return header(HeaderNames.CACHE_CONTROL)
        .filter(v -> v.toLowerCase(Locale.ROOT).contains("no-cache"))
        .isPresent();
  }

  /** Returns the mirror's base address as the client sees it, with which links begin. */
  String self() {
    String host =
        header("Host")
            .filter(h -> HOST.matcher(h).matches())
            .orElseGet(() -> request.getLocalAddr() + ":" + request.getLocalPort());
    return request.getScheme() + "://" + host;
  }

  void set(String name, String value) {
    response.setHeader(name, value);
  }

  /** Returns the connection of the request. */
  ClientConnection connection() {
    return (ClientConnection)
        ServletContextRequest.getServletContextRequest(request)
            .getConnectionMetaData()
            .getConnection()
            .getEndPoint();
  }

  /** Has the connection closed after this response, because no next request can be found on it. */
  void closeBehind() {
    set("Connection", "close");
  }

  /** Notes that the client closed the connection before it had the whole response. */
  void clientLeft() {
    left = true;
  }

  /** Returns the error message that the client got, or that the client left; empty for success. */
  String error() {
    return left
        ? "the client closed the connection"
        : Optional.ofNullable(response.getHeader(HeaderNames.X_ERROR_MESSAGE)).orElse("");
  }

  void sent(long bytes) {
    bytesSent += bytes;
  }

  long bytesSent() {
    return bytesSent;
  }
}
