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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.net.SocketFactory;
import okhttp3.Authenticator;
import okhttp3.Call;
import okhttp3.Callback;
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
  private static final Duration FOREVER = Duration.ofDays(1);

  private final OkHttpClient direct;
  private final Map<HttpProxy, OkHttpClient> proxied = new HashMap<>();

  /** The same clients, each with connections of its own of which none stays idle. */
  private final Map<OkHttpClient, OkHttpClient> unpooled = new HashMap<>();

  private final NetworkSettings settings;
  private final ScheduledExecutorService timer;

  /** Calls of {@link #sendAside} under way. */
  private final Set<Call> aside = ConcurrentHashMap.newKeySet();

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

  /** Decides how long calls without an answer go on. Called by the timer, so it must not block. */
  public interface HeadWatch {
    /** Returns how long until this is asked again; empty: the call is given up. */
    Optional<Duration> next();
  }

  /** Waits for the head until {@link NetworkSettings#firstByteTimeout}. */
  private static final HeadWatch PATIENT = () -> Optional.of(FOREVER);

  /** There was no answer to this call, nor to any other. */
  public static final class SilenceException extends IOException {
    private static final long serialVersionUID = 1L;

    SilenceException(IOException cause) {
      super("no answer to any call", cause);
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
    ConnectionPool none = new ConnectionPool(0, 1, TimeUnit.MINUTES);
    Stream.concat(Stream.of(direct), proxied.values().stream())
        .forEach(c -> unpooled.put(c, c.newBuilder().connectionPool(none).build()));
  }

  /**
   * Sends a request and waits for the head of the answer.
   *
   * @return to be closed by the caller
   * @throws IOException when there is no connection or no head in time
   */
  public Response send(Request request) throws IOException {
    return send(request, Duration.ZERO, PATIENT);
  }

  /**
   * As the other one, with a limit for the whole call.
   *
   * @param atMost from now until the end of the body; zero: no such limit
   * @param watch may give the call up while it has no head
   * @throws IOException as above; reading the body also throws it when the limit is reached
   */
  public Response send(Request request, Duration atMost, HeadWatch watch) throws IOException {
    Prepared prepared = prepare(request, atMost, false);
    // OkHttp has one read time-out for head and body; the head gets its own limit here.
    HeadLimit limit = new HeadLimit(prepared.call(), watch);
    limit.look();
    try {
      return prepared.call().execute();
    } catch (IOException e) {
      switch (limit.end()) {
        case WAITING -> {}
        case LATE ->
            throw new FirstByteTimeoutException(
                "no answer within " + settings.firstByteTimeout().toSeconds() + " s", e);
        case SILENT -> throw new SilenceException(e);
      }
      throw NetworkSetupException.explain(e, request.url(), prepared.proxy());
    } finally {
      var _ = limit.end();
    }
  }

  private record Prepared(Call call, Optional<HttpProxy> proxy) {}

  /**
   * Makes a call without sending it.
   *
   * @param own whether it gets a connection of its own
   */
  private Prepared prepare(Request request, Duration atMost, boolean own) {
    AtomicReference<Call> running = new AtomicReference<>();
    Request complete =
        request
            .newBuilder()
            .header("User-Agent", settings.userAgent())
            .tag(CallHandle.class, new CallHandle(running))
            .build();
    HttpUrl url = request.url();
    Optional<HttpProxy> proxy = settings.proxies().proxyFor(url.isHttps(), url.host(), url.port());
    OkHttpClient client = proxy.map(proxied::get).orElse(direct);
    Call call = (own ? unpooled.getOrDefault(client, client) : client).newCall(complete);
    call.timeout().timeout(atMost.toMillis(), TimeUnit.MILLISECONDS);
    running.set(call);
    return new Prepared(call, proxy);
  }

  /** Why a call has no head. */
  private enum Head {
    WAITING,
    LATE,
    SILENT
  }

  /** Cancels a call that has no head in time. The monitor guards the fields that change. */
  private final class HeadLimit {
    private final Call call;
    private final HeadWatch watch;
    private final long latest;
    private Optional<ScheduledFuture<?>> next = Optional.empty();
    private boolean ended;
    private Head head = Head.WAITING;

    HeadLimit(Call call, HeadWatch watch) {
      this.call = call;
      this.watch = watch;
      this.latest = System.nanoTime() + settings.firstByteTimeout().toNanos();
    }

    void look() {
      long left = latest - System.nanoTime();
      Optional<Duration> wait = left <= 0 ? Optional.empty() : watch.next();
      synchronized (this) {
        if (ended) {
          return;
        }
        if (wait.isPresent()) {
          long delay = Math.min(left, wait.get().toNanos());
          next = Optional.of(timer.schedule(this::look, delay, TimeUnit.NANOSECONDS));
          return;
        }
        head = left <= 0 ? Head.LATE : Head.SILENT;
      }
      call.cancel();
    }

    /** Lets the call go on. Returns why it was cancelled, if it was. */
    synchronized Head end() {
      ended = true;
      next.ifPresent(look -> look.cancel(false));
      return head;
    }
  }

  /**
   * Sends a request whose answer is of no interest but for its head, over a connection of its own:
   * an idle one may lead nowhere since the network changed. Returns at once.
   *
   * @param atMost how long it may take
   * @param end run by another thread, with the head of the answer, if one arrived
   */
  public void sendAside(Request request, Duration atMost, Consumer<Optional<Response>> end) {
    Call call = prepare(request, atMost, true).call();
    aside.add(call);
    call.enqueue(
        new Callback() {
          @Override
          public void onFailure(Call failed, IOException e) {
            aside.remove(call);
            end.accept(Optional.empty());
          }

          @Override
          public void onResponse(Call answered, Response response) {
            aside.remove(call);
            response.close();
            end.accept(Optional.of(response));
          }
        });
  }

  /** Closes the connections that wait for a call. */
  public void dropIdleConnections() {
    // The proxied ones share them.
    direct.connectionPool().evictAll();
  }

  @Override
  public void close() {
    aside.forEach(Call::cancel);
    direct.dispatcher().executorService().shutdown();
    dropIdleConnections();
  }
}
