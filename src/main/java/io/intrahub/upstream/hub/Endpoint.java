package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import okhttp3.HttpUrl;

/**
 * One of the servers that the operator configured as upstream.
 *
 * @param base without a trailing slash in its path
 * @param authoritative whether its refusals, commits and digests are believed. Who asks is a
 *     different thing: {@link io.intrahub.access.Authority}.
 * @param receivesTokens whether it is asked with tokens
 * @param breaker its health
 * @param silence whether it answers anything at all
 */
record Endpoint(
    HttpUrl base,
    boolean authoritative,
    boolean receivesTokens,
    CircuitBreaker breaker,
    SilenceMonitor silence) {
  /** One as it is configured, of whose health nothing is known. */
  static Endpoint of(EndpointSettings settings, Duration silenceTimeout, Clock clock) {
    return new Endpoint(
        baseUrl(settings.address().toString()),
        settings.authoritative(),
        settings.receivesTokens(),
        new CircuitBreaker(clock),
        new SilenceMonitor(silenceTimeout, System::nanoTime));
  }

  /** The address of an endpoint as the operator wrote it, with a slash at its end. */
  static HttpUrl baseUrl(String endpoint) {
    HttpUrl url = HttpUrl.get(endpoint);
    return url.encodedPath().endsWith("/") ? url : url.newBuilder().addPathSegment("").build();
  }

  /**
   * The address of a path of the Hub.
   *
   * @param encodedTarget path and query as they go over the wire
   */
  HttpUrl url(String encodedTarget) {
    String prefix = base.encodedPath();
    String path = prefix.equals("/") ? "" : prefix.substring(0, prefix.length() - 1);
    return HttpUrl.get(base.scheme() + "://" + hostAndPort(base) + path + encodedTarget);
  }

  /** Whether a call in this caller's name may go to it. */
  boolean mayHear(Caller caller) {
    return receivesTokens || caller.isAnonymous();
  }

  /** Whether a call may go to it, and no failure of it is known that is not over. */
  boolean isUsable(CallPurpose.Purpose purpose, Caller caller) {
    return mayHear(caller) && purpose.mayAsk(this) && breaker.isWell();
  }

  /** Whether the address is this endpoint's own: only there a token may go. */
  boolean owns(HttpUrl url) {
    return url.scheme().equals(base.scheme())
        && url.host().equals(base.host())
        && url.port() == base.port();
  }

  /** The path of one of its addresses as the Hub knows it, without the endpoint's own prefix. */
  String hubPath(HttpUrl url) {
    String prefix = base.encodedPath();
    String path = url.encodedPath();
    return !prefix.equals("/") && path.startsWith(prefix)
        ? path.substring(prefix.length() - 1)
        : path;
  }

  /**
   * The next page that an answer of this endpoint names. It is asked for at the endpoints and
   * nowhere else: a server must not choose where calls go. A link to the same path under another
   * name is taken, because proxies that pass the Hub on often leave its own name in links.
   *
   * @param target path and query that the answer is for
   */
  ApiUpstream.NextPage nextPage(Optional<String> link, String target) {
    if (link.isEmpty()) {
      return new ApiUpstream.NextPage.None();
    }
    HttpUrl url = url(target).resolve(link.get());
    if (url == null) {
      return new ApiUpstream.NextPage.Elsewhere();
    }
    String path = hubPath(url);
    boolean samePath = path.equals(hubPath(url(target)));
    if (!owns(url) && !samePath) {
      return new ApiUpstream.NextPage.Elsewhere();
    }
    String query = url.encodedQuery();
    return new ApiUpstream.NextPage.At(query == null ? path : path + "?" + query);
  }

  /** Scheme, host and port, for replacing them in links. */
  String origin() {
    return base.scheme() + "://" + hostAndPort(base);
  }

  private static String hostAndPort(HttpUrl url) {
    String host = url.host().contains(":") ? "[" + url.host() + "]" : url.host();
    boolean plain = url.port() == HttpUrl.defaultPort(url.scheme());
    return plain ? host : host + ":" + url.port();
  }
}
