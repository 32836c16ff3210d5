package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.hub.HeaderNames;
import io.intrahub.upstream.net.HttpTransport;
import io.intrahub.upstream.net.RedirectGuard;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Sends single requests to an endpoint, or to where it redirected, and tells which redirects may be
 * followed. Following them is left to the caller, who knows which ones make sense. Safe for use by
 * many threads.
 *
 * <p>Whose request it is, and for which endpoint, travels with the request as OkHttp tags; {@link
 * TokenInterceptor} reads them.
 */
final class EndpointClient {
  /** Redirects that a call follows, at most. */
  static final int MAX_HOPS = 5;

  private final HttpTransport transport;
  private final RedirectGuard guard;
  private final LastAnswer lastAnswer;
  private final RateLimits limits;

  EndpointClient(
      HttpTransport transport, RedirectGuard guard, LastAnswer lastAnswer, RateLimits limits) {
    this.transport = transport;
    this.guard = guard;
    this.lastAnswer = lastAnswer;
    this.limits = limits;
  }

  /**
   * Sends a request, with the caller's token if the endpoint may have it.
   *
   * @param endpoint that the request goes to, or that redirected to its address
   * @param request with its address set
   * @return to be closed by the caller
   * @throws RateLimits.LimitedException if the endpoint allows the caller no more calls now
   * @throws IOException when there is no connection or no head in time
   */
  Response send(Endpoint endpoint, Request.Builder request, Caller caller) throws IOException {
    return send(endpoint, request, caller, Duration.ZERO);
  }

  /**
   * As the other one, with a limit for the whole call.
   *
   * @param atMost from now until the end of the body; zero: no such limit
   */
  Response send(Endpoint endpoint, Request.Builder request, Caller caller, Duration atMost)
      throws IOException {
    Request tagged = request.tag(Endpoint.class, endpoint).tag(Caller.class, caller).build();
    if (!endpoint.owns(tagged.url())) {
      return transport.send(tagged, atMost);
    }
    try (RateLimits.Call call = limits.begin(endpoint, caller, endpoint.hubPath(tagged.url()))) {
      Response response = transport.send(tagged, atMost);
      call.answered(response.code(), response.headers());
      endpoint.breaker().heard();
      if (endpoint.authoritative()) {
        lastAnswer.heard();
      }
      return response;
    }
  }

  /**
   * Where an answer redirects to.
   *
   * @return empty when it does not, or when it may not be followed
   */
  Optional<HttpUrl> redirect(Response response) {
    String location = response.header(HeaderNames.LOCATION);
    if (response.code() < 300 || response.code() >= 400 || location == null) {
      return Optional.empty();
    }
    return address(response.request().url(), location);
  }

  /** An address that an answer told; empty when it is none, or none that may be followed. */
  Optional<HttpUrl> address(HttpUrl from, String text) {
    return Optional.ofNullable(from.resolve(text)).filter(to -> guard.allows(from, to));
  }

  /** What is asked from now on goes over new connections, except what is under way. */
  void dropIdleConnections() {
    transport.dropIdleConnections();
  }
}
