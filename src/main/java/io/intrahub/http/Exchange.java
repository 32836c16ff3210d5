package io.intrahub.http;

import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.base.BufferOwner;
import io.intrahub.hub.HeaderNames;
import io.intrahub.mirror.ClientRequest;
import io.javalin.http.Context;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Collections;
import java.util.Optional;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;

/**
 * One request and its response, without Javalin's conveniences, which decode, compress or guess.
 * Owned by the thread that handles the request.
 */
final class Exchange {
  private final HttpServletRequest request;
  private final HttpServletResponse response;
  private final String requestId;
  private final ForwardedRequest forwarded;
  private final ClientRequest asked;
  private long bytesSent;
  private boolean left;

  /**
   * Creates the exchange of a request without a token.
   *
   * @param forwarded what trusted proxies say of the request
   */
  Exchange(Context ctx, String requestId, ForwardedRequest forwarded) {
    this(
        ctx.req(),
        ctx.res(),
        requestId,
        forwarded,
        Caller.anonymous(ClientNames.name(forwarded.client())));
  }

  private Exchange(
      HttpServletRequest request,
      HttpServletResponse response,
      String requestId,
      ForwardedRequest forwarded,
      Caller caller) {
    this.request = request;
    this.response = response;
    this.requestId = requestId;
    this.forwarded = forwarded;
    this.asked =
        ClientRequest.of(caller, Collections.list(request.getHeaders(HeaderNames.CACHE_CONTROL)));
  }

  /** Returns the same exchange with its caller, in place of this one. */
  Exchange by(Caller known) {
    return new Exchange(request, response, requestId, forwarded, known);
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

  /** Returns what the use cases know of the request, until the response has ended. */
  ClientRequest asked() {
    return asked;
  }

  Caller caller() {
    return asked.caller();
  }

  /** Returns the name of the client that its limits count against. */
  String client() {
    return caller().client();
  }

  /** Returns whom the buffers of the response count against: the client, and its token. */
  BufferOwner bufferOwner() {
    return new BufferOwner(client(), tokenName());
  }

  /** Returns the name of the token that its limits count against; empty without one. */
  Optional<String> tokenName() {
    return caller().authority() instanceof Authority.TokenHolder holder
        ? Optional.of("token " + holder.fingerprint())
        : Optional.empty();
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

  /** Returns the host that the client asks, with the port if it names one. */
  String host() {
    return forwarded
        .host()
        .or(() -> header("Host").filter(ForwardedHeaders::isHost))
        .orElseGet(() -> request.getLocalAddr() + ":" + request.getLocalPort());
  }

  /**
   * Returns the mirror's base address as the client sees it, with which links begin: without a
   * slash at its end.
   */
  String self() {
    return selfAt(host());
  }

  /** Returns the same for another host of the mirror. */
  String selfAt(String host) {
    // Not the request's own scheme: a client may write any into an absolute target.
    return forwarded.scheme().orElse("http") + "://" + host + forwarded.prefix();
  }

  /** Returns what precedes a path of the mirror in the path that the client sees; mostly empty. */
  String prefix() {
    return forwarded.prefix();
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
    return left ? "the client closed the connection" : answered(HeaderNames.X_ERROR_MESSAGE);
  }

  /** Returns a header of the response, or empty. */
  String answered(String header) {
    return Optional.ofNullable(response.getHeader(header)).orElse("");
  }

  /**
   * Notes that the last bytes of the response are about to be sent: once the client has them, it
   * may send its next request before this thread runs again. May be called more than once.
   */
  void ending() {
    asked.close();
  }

  void sent(long bytes) {
    bytesSent += bytes;
  }

  long bytesSent() {
    return bytesSent;
  }
}
