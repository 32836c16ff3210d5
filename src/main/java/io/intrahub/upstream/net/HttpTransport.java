package io.intrahub.upstream.net;

import java.io.IOException;
import java.net.Proxy;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.net.SocketFactory;
import okhttp3.Authenticator;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Makes single HTTP calls: no redirect is followed, no cookie kept, no credential sent but the one
 * in the request. Safe for use by many threads.
 */
public final class HttpTransport implements AutoCloseable {
  private static final int IDLE_CONNECTIONS = 32;

  private final OkHttpClient direct;
  private final Map<HttpProxy, OkHttpClient> proxied = new HashMap<>();
  private final NetworkSettings settings;
  private final ScheduledExecutorService timer;

  /** Breaks off the call of one answer; from any thread. */
  public record CallHandle(AtomicReference<Call> call) {
    /** That of an answer that {@link #send} gave. */
    public static void abort(Response response) {
      CallHandle callHandle = response.request().tag(CallHandle.class);
      Call call = callHandle == null ? null : callHandle.call.get();
      if (call != null) {
        call.cancel();
      }
    }
  }

  /** There was no head of an answer, or no whole answer, in time. */
  public static final class FirstByteTimeoutException extends IOException {
    private static final long serialVersionUID = 1L;

    public FirstByteTimeoutException(String message) {
      super(message);
    }

    FirstByteTimeoutException(String message, IOException cause) {
      super(message, cause);
    }
  }

  HttpTransport(NetworkSettings settings, ScheduledExecutorService timer, RedirectGuard guard) {
    this(settings, timer, guard, SocketFactory.getDefault(), List.of());
  }

  /**
   * Connects to nothing yet.
   *
   * @param sockets makes those to endpoints, CDNs and proxies without TLS
   * @param interceptors see each request before it is sent, in this order
   */
  public HttpTransport(
      NetworkSettings settings,
      ScheduledExecutorService timer,
      RedirectGuard guard,
      SocketFactory sockets,
      List<Interceptor> interceptors) {
    this.settings = settings;
    this.timer = timer;
    ProxySettings proxies = settings.proxies();
    Set<String> known = new HashSet<>(guard.endpointHosts());
    Stream.of(proxies.forHttp(), proxies.forHttps())
        .flatMap(Optional::stream)
        .forEach(p -> known.add(p.host()));
    TlsSockets tls = new TlsSockets(settings.tls(), known);
    OkHttpClient.Builder builder =
        new OkHttpClient.Builder()
            // One connection per call: a large blob must not share one with a small answer.
            .protocols(List.of(Protocol.HTTP_1_1))
            .connectionPool(new ConnectionPool(IDLE_CONNECTIONS, 1, TimeUnit.MINUTES))
            .connectTimeout(settings.connectTimeout())
            .readTimeout(settings.stallTimeout())
            .writeTimeout(settings.stallTimeout())
            .followRedirects(false)
            .followSslRedirects(false)
            .authenticator(Authenticator.NONE)
            // Otherwise OkHttp would look for one in the JVM's properties.
            .proxy(Proxy.NO_PROXY)
            .socketFactory(sockets)
            .sslSocketFactory(tls.sockets(), tls.trust())
            .dns(guard);
    interceptors.forEach(builder::addInterceptor);
    this.direct = builder.build();
    Stream.of(proxies.forHttp(), proxies.forHttps())
        .flatMap(Optional::stream)
        .forEach(p -> proxied.computeIfAbsent(p, q -> ProxyConnector.client(direct, q, tls)));
  }

  /**
   * Sends a request and waits for the head of the answer.
   *
   * @return to be closed by the caller
   * @throws IOException when there is no connection or no head in time
   */
  public Response send(Request request) throws IOException {
    return send(request, Duration.ZERO);
  }

  /**
   * As the other one, with a limit for the whole call.
   *
   * @param atMost from now until the end of the body; zero: no such limit
   * @throws IOException as above; reading the body also throws it when the limit is reached
   */
  public Response send(Request request, Duration atMost) throws IOException {
    AtomicReference<Call> running = new AtomicReference<>();
    Request complete =
        request
            .newBuilder()
            .header("User-Agent", settings.userAgent())
            .tag(CallHandle.class, new CallHandle(running))
            .build();
    HttpUrl url = request.url();
    Optional<HttpProxy> proxy = settings.proxies().proxyFor(url.isHttps(), url.host(), url.port());
    Call call = proxy.map(proxied::get).orElse(direct).newCall(complete);
    call.timeout().timeout(atMost.toMillis(), TimeUnit.MILLISECONDS);
    running.set(call);
    AtomicBoolean late = new AtomicBoolean();
    // OkHttp has one read time-out for head and body; the head gets its own limit here.
    ScheduledFuture<?> limit =
        timer.schedule(
            () -> {
              late.set(true);
              call.cancel();
            },
            settings.firstByteTimeout().toMillis(),
            TimeUnit.MILLISECONDS);
    try {
      return call.execute();
    } catch (IOException e) {
      if (late.get()) {
        throw new FirstByteTimeoutException(
            "no answer within " + settings.firstByteTimeout().toSeconds() + " s", e);
      }
      throw NetworkSetupException.explain(e, url, proxy);
    } finally {
      limit.cancel(false);
    }
  }

  /** Closes the connections that wait for a call. */
  public void dropIdleConnections() {
    // The proxied ones share them.
    direct.connectionPool().evictAll();
  }

  @Override
  public void close() {
    direct.dispatcher().executorService().shutdown();
    dropIdleConnections();
  }
}
