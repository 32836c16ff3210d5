package io.intrahub.upstream.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import okhttp3.Authenticator;
import okhttp3.Challenge;
import okhttp3.Connection;
import okhttp3.Credentials;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.Route;
import org.jspecify.annotations.Nullable;

/**
 * Calls through one HTTP proxy: CONNECT for addresses with https, the whole address in the request
 * line for those with http (RFC 9112 section 3.2). The credentials go with the first request, since
 * a proxy that is asked without them counts the refusals.
 */
final class ProxyConnector implements Authenticator, Interceptor {
  private static final String HEADER = "Proxy-Authorization";
  private static final int PROXY_AUTHENTICATION_REQUIRED = 407;

  private final HttpProxy proxy;

  private ProxyConnector(HttpProxy proxy) {
    this.proxy = proxy;
  }

  /** A client like that one, but through the proxy, with the same pool of connections. */
  static OkHttpClient client(OkHttpClient direct, HttpProxy proxy, TlsSockets tls) {
    ProxyConnector calls = new ProxyConnector(proxy);
    OkHttpClient.Builder builder =
        direct
            .newBuilder()
            .proxy(
                new Proxy(
                    Proxy.Type.HTTP,
                    InetSocketAddress.createUnresolved(proxy.host(), proxy.port())))
            // Only the name of the proxy is resolved here; it lies inside the network and may.
            .dns(BoundedDns.SYSTEM)
            .proxyAuthenticator(calls)
            .addNetworkInterceptor(calls);
    if (proxy.tls()) {
      builder.socketFactory(tls.socketsToProxy());
    }
    return builder.build();
  }

  /**
   * Answers for a tunnel: OkHttp asks before the first CONNECT too, with a made-up challenge.
   *
   * <p>Only for CONNECT, because OkHttp asks as well when a server at the other end of a tunnel
   * answers 407, and would send that server the proxy's password.
   */
  @Override
  public @Nullable Request authenticate(@Nullable Route route, Response response)
      throws IOException {
    Request request = response.request();
    boolean toProxy = request.method().equals("CONNECT") || !request.isHttps();
    if (!toProxy) {
      return null;
    }
    boolean asked =
        response.challenges().stream().noneMatch(c -> c.scheme().equals("OkHttp-Preemptive"));
    if (asked) {
      throw NetworkSetupException.credentials(proxy, challenges(response));
    }
    return proxy.credentials().map(c -> with(request, c)).orElse(null);
  }

  /** Adds the credentials to a request that the proxy itself reads. */
  @Override
  public Response intercept(Chain chain) throws IOException {
    Connection connection = chain.connection();
    Request request = chain.request();
    boolean readByProxy =
        !request.isHttps()
            && connection != null
            && connection.route().proxy().type() == Proxy.Type.HTTP;
    return chain.proceed(
        readByProxy ? proxy.credentials().map(c -> with(request, c)).orElse(request) : request);
  }

  private static Request with(Request request, HttpProxy.Credentials credentials) {
    String value =
        Credentials.basic(credentials.user(), credentials.password(), StandardCharsets.UTF_8);
    return request.newBuilder().header(HEADER, value).build();
  }

  private static String challenges(Response response) {
    return response.code() == PROXY_AUTHENTICATION_REQUIRED
        ? response.challenges().stream()
            .map(Challenge::scheme)
            .distinct()
            .collect(Collectors.joining(", "))
        : "";
  }
}
