package io.intrahub.http;

import io.intrahub.access.AccessToken;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.access.Fingerprints;
import io.intrahub.base.DirectBufferPool;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubError;
import io.intrahub.mirror.Mirror;
import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.http.Context;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Server;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The clients' listener. Safe for use by many threads once started. */
public final class HubServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HubServer.class);
  private static final long LOOK_MILLIS = 750;
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final HttpSettings settings;
  private final Javalin javalin;
  private final Handler handler;
  private final Fingerprints fingerprints;
  private final Supplier<String> requestIds;
  private final RequestListener listener;
  private final ScheduledExecutorService timer;
  private final ClientNames names;
  private final ConcurrencyLimits requests;

  /** Written by Javalin when the server starts, before {@link #start} returns. */
  private volatile @Nullable ClientConnector connector;

  /** Written by {@link #start}; looks at the connections now and then. */
  private volatile @Nullable ScheduledFuture<?> looking;

  /**
   * Makes the server; {@link #start} opens the port.
   *
   * @param limits of what clients may use
   * @param budget for what is kept of request bodies
   * @param requestIds gives a new, unguessable one each time
   * @param timer runs short tasks
   * @param nanos a time that never goes back, as {@link System#nanoTime}
   */
  public HubServer(
      HttpSettings settings,
      ClientLimits limits,
      Mirror mirror,
      Fingerprints fingerprints,
      DirectBufferPool buffers,
      MemoryBudget budget,
      Supplier<String> requestIds,
      ScheduledExecutorService timer,
      LongSupplier nanos,
      RequestListener listener) {
    this(
        settings,
        limits,
        new Router(
                new FileRoute(mirror.files(), new BodyWriter(buffers)),
                new ApiRoutes(mirror, budget, settings))
            ::handle,
        fingerprints,
        requestIds,
        timer,
        nanos,
        listener);
  }

  /** Answers a request. */
  interface Handler {
    void handle(Exchange exchange) throws IOException;
  }

  HubServer(
      HttpSettings settings,
      ClientLimits limits,
      Handler handler,
      Fingerprints fingerprints,
      Supplier<String> requestIds,
      ScheduledExecutorService timer,
      LongSupplier nanos,
      RequestListener listener) {
    this.handler = handler;
    this.settings = settings;
    this.fingerprints = fingerprints;
    this.requestIds = requestIds;
    this.timer = timer;
    this.listener = listener;
    this.names = new ClientNames(limits.trustedProxies());
    this.requests = new ConcurrencyLimits(limits.requestsPerClient());
    ConnectionAdmission connectionAdmission = new ConnectionAdmission(limits, names);
    this.javalin =
        Javalin.create(config -> {
          config.startup.showJavalinBanner = false;
          config.http.compressionStrategy = CompressionStrategy.NONE;
          JettySetup.apply(
              config,
              (server, http) -> connector(server, http, connectionAdmission, nanos),
              requestIds);
          config.routes.before(this::handle);
        });
  }

  private ClientConnector connector(
      Server server,
      HttpConfiguration http,
      ConnectionAdmission connectionAdmission,
      LongSupplier nanos) {
    ClientConnector made =
        new ClientConnector(server, http, settings, connectionAdmission, requestIds, nanos);
    connector = made;
    return made;
  }

  private ClientConnector connector() {
    ClientConnector made = connector;
    if (made == null) {
      throw new IllegalStateException("the server was not started");
    }
    return made;
  }

  /**
   * Opens the port.
   *
   * @throws IOException when it can't, with a message for the operator
   */
  public void start() throws IOException {
    try {
      javalin.start();
    } catch (RuntimeException e) {
      throw new IOException(
          "The port for clients, "
              + settings.host()
              + ":"
              + settings.port()
              + ", can't be opened ("
              + rootMessage(e)
              + "). Choose another with --port, or stop the program that uses it.",
          e);
    }
    try {
      looking =
          timer.scheduleWithFixedDelay(
              () -> look(connector()), LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      throw new IOException("The mirror is being stopped.", e);
    }
  }

  private static void look(ClientConnector connector) {
    try {
      connector.look();
    } catch (RuntimeException e) {
      // A task that throws is not run again.
      log.error("Checking the clients' connections failed", e);
    }
  }

  /** Number of requests that are being answered. */
  public int requestsInFlight() {
    return requests.inUse();
  }

  /** The port that is open. */
  public int port() {
    return connector().getLocalPort();
  }

  private static String rootMessage(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return String.valueOf(root.getMessage());
  }

  private void handle(Context ctx) {
    long start = System.nanoTime();
    // This handler is the router: no other one may add to the answer.
    ctx.skipRemainingHandlers();
    String requestId = requestIds.get();
    ctx.res().setHeader(HeaderNames.X_REQUEST_ID, requestId);
    Cors.onEvery(ctx.res());
    Exchange exchange = new Exchange(ctx, requestId, Caller.anonymous(client(ctx)));
    try (ClientConnection.Answering answering = exchange.connection().answer()) {
      try {
        Optional<Caller> caller = caller(ctx, exchange.client());
        if (caller.isPresent()) {
          exchange = new Exchange(ctx, requestId, caller.get());
        }
        answer(exchange, caller.isPresent());
      } catch (Throwable e) {
        // Also an Error: Javalin or Jetty would write its text into the response, or end a body
        // that is not whole as if it were.
        if (answering.left()) {
          var _ = Thread.interrupted();
          log.debug("{}: the client left: {}", requestId, e.toString());
          exchange.clientLeft();
          BodyWriter.abort(exchange, e);
        } else if (e instanceof IOException broken) {
          broken(exchange, broken);
        } else {
          fault(exchange, e);
        }
        if (e instanceof Error fatal && isFatal(fatal)) {
          throw fatal;
        }
      }
      if (answering.left()) {
        exchange.clientLeft();
      }
    } finally {
      listener.answered(
          new RequestListener.Request(
              exchange.client(),
              exchange.method(),
              exchange.rawPath(),
              ctx.res().getStatus(),
              Optional.ofNullable(ctx.res().getHeader(HeaderNames.CACHE_STATUS)).orElse(""),
              exchange.error(),
              exchange.bytesSent(),
              Duration.ofNanos(System.nanoTime() - start),
              requestId));
    }
  }

  private void answer(Exchange exchange, boolean tokenIsValid) throws IOException {
    Optional<ConcurrencyLimits.Use> use = requests.enter(payers(exchange.caller()));
    if (use.isEmpty()) {
      if (exchange.hasBody()) {
        exchange.closeBehind();
      }
      ApiRoutes.error(
          exchange,
          HubError.tooManyRequests(
              "intrahub answers at most "
                  + requests.limit()
                  + " requests of one client or one token at the same time (clients.requests). Wait"
                  + " until some have ended.",
              RETRY_AFTER));
      return;
    }
    try (ConcurrencyLimits.Use _ = use.get()) {
      if (exchange.isRead() && exchange.hasBody()) {
        // No client of the Hub sends one (RFC 9110 section 9.3.1 warns of it). A proxy in between
        // that sees no body here would take these bytes for the next request.
        refuseBody(exchange, "A " + exchange.method() + " must not have a body.");
      } else if (tokenIsValid) {
        handler.handle(exchange);
      } else {
        ApiRoutes.error(exchange, HubError.badToken());
      }
    }
  }

  /** A request counts by address and by token: else many of the one would get round the other. */
  private static List<String> payers(Caller caller) {
    return caller.authority() instanceof Authority.TokenHolder holder
        ? List.of(caller.client(), "token " + holder.fingerprint())
        : List.of(caller.client());
  }

  private String client(Context ctx) {
    InetAddress peer =
        ClientNames.address(
                ServletContextRequest.getServletContextRequest(ctx.req())
                    .getConnectionMetaData()
                    .getRemoteSocketAddress())
            .orElseGet(InetAddress::getLoopbackAddress);
    return names.name(peer, Collections.list(ctx.req().getHeaders(HeaderNames.X_FORWARDED_FOR)));
  }

  /** Whether the JVM itself is in trouble, so that nothing more should be tried. */
  private static boolean isFatal(Throwable e) {
    return e instanceof VirtualMachineError && !(e instanceof StackOverflowError);
  }

  /** Empty when the header can't be a token: asking as somebody else would be a guess. */
  private Optional<Caller> caller(Context ctx, String client) {
    List<String> headers = Collections.list(ctx.req().getHeaders(HeaderNames.AUTHORIZATION));
    if (headers.isEmpty()) {
      return Optional.of(Caller.anonymous(client));
    }
    if (headers.size() > 1) {
      return Optional.empty();
    }
    return AccessToken.ofAuthorization(headers.getFirst())
        .map(token -> fingerprints.caller(Optional.of(token), client));
  }

  /** Refuses a request whose body was not read: nothing that follows on the connection counts. */
  private static void refuseBody(Exchange exchange, String why) throws IOException {
    exchange.closeBehind();
    ApiRoutes.error(exchange, HubError.badRequest(why));
  }

  /**
   * The connection failed, or the request's body broke the rules of its framing. An answer that was
   * not begun must not look like an empty success.
   */
  private static void broken(Exchange exchange, IOException e) {
    log.debug("{}: {}", exchange.requestId(), e.toString());
    if (exchange.response().isCommitted()) {
      BodyWriter.abort(exchange, e);
      return;
    }
    try {
      exchange.startOver();
      refuseBody(exchange, "The request's body can't be read.");
    } catch (IOException gone) {
      log.debug("{}: {}", exchange.requestId(), gone.toString());
    }
  }

  private static void fault(Exchange exchange, Throwable e) {
    log.error("{}: {} {}", exchange.requestId(), exchange.method(), exchange.rawPath(), e);
    if (exchange.response().isCommitted() || isFatal(e)) {
      BodyWriter.abort(exchange, e);
      return;
    }
    try {
      exchange.startOver();
      Router.internalError(exchange);
    } catch (IOException | RuntimeException again) {
      log.debug("{}: {}", exchange.requestId(), again.toString());
      BodyWriter.abort(exchange, e);
    }
  }

  /** Lets running answers end, for a while, and closes the port. */
  @Override
  public void close() {
    ScheduledFuture<?> task = looking;
    if (task != null) {
      task.cancel(false);
    }
    javalin.stop();
  }
}
