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
 * One request and its response, without Javalin's conveniences that decode, compress or guess. For
 * the thread that handles the request.
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

  /** The name of the client against which its limits count. */
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

  /** Whether the client announced a body that is not empty. */
  boolean hasBody() {
    return request.getContentLengthLong() > 0 || header("Transfer-Encoding").isPresent();
  }

  /** Takes back what was said so far. Only while nothing was sent. */
  void startOver() {
    response.reset();
    set(HeaderNames.X_REQUEST_ID, requestId);
    Cors.onEvery(response);
  }

  /** As it came over the wire. */
  String rawPath() {
    return request.getRequestURI();
  }

  /** As it came over the wire, without the question mark; empty when there is none. */
  String rawQuery() {
    return Optional.ofNullable(request.getQueryString()).orElse("");
  }

  Optional<String> header(String name) {
    return Optional.ofNullable(request.getHeader(name));
  }

  /** Whether the client wants upstream asked (RFC 9111 section 5.2.1.4). */
  boolean noCache() {
    return header(HeaderNames.CACHE_CONTROL)
        .filter(v -> v.toLowerCase(Locale.ROOT).contains("no-cache"))
        .isPresent();
  }

  /** The mirror's base address as this client sees it; links in answers begin with it. */
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

  /** The connection that the request came over. */
  ClientConnection connection() {
    return (ClientConnection)
        ServletContextRequest.getServletContextRequest(request)
            .getConnectionMetaData()
            .getConnection()
            .getEndPoint();
  }

  /** Has the connection closed behind this answer: what else is on it can't be told apart. */
  void closeBehind() {
    set("Connection", "close");
  }

  /** The client closed the connection before it had the whole answer. */
  void clientLeft() {
    left = true;
  }

  /** What the client was told of an error, or why there was nobody to tell; empty for success. */
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
