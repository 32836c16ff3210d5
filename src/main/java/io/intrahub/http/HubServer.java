package io.intrahub.http;

import io.intrahub.access.AccessToken;
import io.intrahub.access.Caller;
import io.intrahub.access.Callers;
import io.intrahub.base.DirectBufferPool;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubError;
import io.intrahub.hub.LimitErrors;
import io.intrahub.hub.ViaHeader;
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
import java.util.stream.Stream;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Server;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The listener for clients. Safe for use by many threads once started. */
public final class HubServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HubServer.class);
  private static final long LOOK_MILLIS = 750;
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final HttpSettings settings;
  private final Javalin javalin;
  private final Handler handler;
  private final Callers callers;
  private final Supplier<String> requestIds;
  private final RequestListener listener;
  private final ScheduledExecutorService timer;
  private final ForwardedHeaders forwardedHeaders;
  private final ConcurrencyLimits requests;

  /** Written by Javalin when the server starts, before {@link #start} returns. */
  private volatile @Nullable ClientConnector connector;

  /** The periodic check of the connections. Written by {@link #start}. */
  private volatile @Nullable ScheduledFuture<?> looking;

  /**
   * Creates the server; {@link #start} opens the port.
   *
   * @param limits what clients may use
   * @param name of this mirror in {@code Via}
   * @param budget the memory budget, from which request bodies are reserved
   * @param requestIds returns a new, unguessable id on each call
   * @param timer runs short tasks
   * @param nanos a monotonic time in nanoseconds, as {@link System#nanoTime}
   */
  public HubServer(
      HttpSettings settings,
      ClientLimits limits,
      Mirror mirror,
      String name,
      Callers callers,
      DirectBufferPool buffers,
      MemoryBudget budget,
      Supplier<String> requestIds,
      ScheduledExecutorService timer,
      LongSupplier nanos,
      RequestListener listener) {
    this(
        settings,
        limits,
        new LoopGuard(
            name,
            new Router(
                    new FileRoute(mirror.files(), new FileResponse(new BodyWriter(buffers))),
                    new ApiRoutes(mirror, budget, settings),
                    new DatasetViewerRoute(mirror.viewer()))
                ::handle),
        callers,
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
      Callers callers,
      Supplier<String> requestIds,
      ScheduledExecutorService timer,
      LongSupplier nanos,
      RequestListener listener) {
    this.handler = handler;
    this.settings = settings;
    this.callers = callers;
    this.requestIds = requestIds;
    this.timer = timer;
    this.listener = listener;
    this.forwardedHeaders = new ForwardedHeaders(limits.trustedProxies());
    this.requests = new ConcurrencyLimits(limits.requestsPerClient());
    ConnectionAdmission connectionAdmission = new ConnectionAdmission(limits);
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
   * @throws IOException if the port can't be opened, with a message for the operator
   */
  public void start() throws IOException {
    try {
      javalin.start();
    } catch (RuntimeException e) {
      throw new IOException(
          "Can't open the port for clients, "
              + settings.host()
              + ":"
              + settings.port()
              + " ("
              + rootMessage(e)
              + "). Choose another with --port, or stop the process that uses it.",
          e);
    }
    try {
      looking =
          timer.scheduleWithFixedDelay(
              () -> look(connector()), LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      throw new IOException("The mirror is shutting down.", e);
    }
  }

  private static void look(ClientConnector connector) {
    try {
      connector.look();
    } catch (RuntimeException e) {
      // The timer does not run a task again that threw.
      log.error("The check of the clients' connections failed", e);
    }
  }

  /** Returns the number of requests that are being answered. */
  public int requestsInFlight() {
    return requests.inUse();
  }

  /** Returns the port that is open. */
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
    // This handler is the router: no other handler may add to the response.
    ctx.skipRemainingHandlers();
    String requestId = requestIds.get();
    ctx.res().setHeader(HeaderNames.X_REQUEST_ID, requestId);
    Cors.onEvery(ctx.res());
    InetAddress peer = peer(ctx);
    ForwardedHeaders.Reading reading =
        forwardedHeaders.read(peer, name -> Collections.list(ctx.req().getHeaders(name)));
    ForwardedRequest forwarded =
        reading instanceof ForwardedHeaders.Reading.Read(var read)
            ? read
            : ForwardedRequest.direct(peer);
    Exchange exchange = new Exchange(ctx, requestId, forwarded);
    try (ClientConnection.Answering answering = exchange.connection().answer()) {
      try {
        Optional<Caller> caller = caller(ctx, forwarded.client());
        if (caller.isPresent()) {
          List<String> via = Collections.list(ctx.req().getHeaders(HeaderNames.VIA));
          exchange = exchange.by(caller.get().withVia(ViaHeader.mirrors(via)));
        }
        Optional<HubError> refusal =
            reading instanceof ForwardedHeaders.Reading.Malformed(var why)
                ? Optional.of(HubError.badRequest(why))
                : caller.isPresent() ? Optional.empty() : Optional.of(HubError.badToken());
        answer(exchange, refusal);
      } catch (Throwable e) {
        failed(exchange, answering, e);
      } finally {
        if (answering.left()) {
          exchange.clientLeft();
        }
        exchange.ending();
        report(exchange, Duration.ofNanos(System.nanoTime() - start));
      }
      UnreadBody.discard(exchange);
    }
  }

  /**
   * Ends a request whose answer failed. An Error too: Javalin or Jetty would write its text into
   * the response, or end an incomplete body as if it were complete.
   */
  private static void failed(Exchange exchange, ClientConnection.Answering answering, Throwable e) {
    if (answering.left()) {
      var _ = Thread.interrupted();
      log.debug("{}: the client closed the connection: {}", exchange.requestId(), e.toString());
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

  private void report(Exchange exchange, Duration duration) {
    listener.answered(
        new RequestListener.Request(
            exchange.caller(),
            exchange.method(),
            exchange.rawPath(),
            exchange.response().getStatus(),
            exchange.answered(HeaderNames.CACHE_STATUS),
            exchange.answered(HeaderNames.CACHE_CONTROL).contains("private"),
            exchange.answered(HeaderNames.X_REPO_COMMIT),
            exchange.answered(HeaderNames.X_ERROR_CODE),
            exchange.error(),
            exchange.bytesSent(),
            duration,
            exchange.requestId()));
  }

  private void answer(Exchange exchange, Optional<HubError> refusal) throws IOException {
    Optional<ConcurrencyLimits.Use> use = requests.enter(payers(exchange));
    if (use.isEmpty()) {
      if (exchange.hasBody()) {
        exchange.closeBehind();
      }
      ApiRoutes.error(
          exchange,
          LimitErrors.tooManyRequests(
              "This mirror answers "
                  + requests.limit()
                  + " requests of one client at the same time, and of one token, which is the limit"
                  + " (clients.requests). Wait for some to end.",
              RETRY_AFTER));
      return;
    }
    try (ConcurrencyLimits.Use _ = use.get()) {
      if (exchange.isRead() && exchange.hasBody()) {
        // No client of the Hub sends a body here (RFC 9110 section 9.3.1 warns of it). A proxy on
        // the way that expects none would take these bytes for the next request.
        refuseBody(exchange, "A " + exchange.method() + " request must not have a body.");
      } else if (refusal.isPresent()) {
        ApiRoutes.error(exchange, refusal.get());
      } else {
        handler.handle(exchange);
      }
    }
  }

  /** A request counts against its address and its token, so that neither evades the limit. */
  private static List<String> payers(Exchange exchange) {
    return Stream.concat(Stream.of(exchange.client()), exchange.tokenName().stream()).toList();
  }

  /** Returns the other end of the connection. */
  private static InetAddress peer(Context ctx) {
    return ClientNames.address(
            ServletContextRequest.getServletContextRequest(ctx.req())
                .getConnectionMetaData()
                .getRemoteSocketAddress())
        .orElseGet(InetAddress::getLoopbackAddress);
  }

  /** Returns whether the JVM itself is failing, so that nothing more should be tried. */
  private static boolean isFatal(Throwable e) {
    return e instanceof VirtualMachineError && !(e instanceof StackOverflowError);
  }

  /** Returns who asks; empty if the header holds no token, because any other answer is a guess. */
  private Optional<Caller> caller(Context ctx, InetAddress address) {
    String client = ClientNames.name(address);
    List<String> headers = Collections.list(ctx.req().getHeaders(HeaderNames.AUTHORIZATION));
    if (headers.isEmpty()) {
      return Optional.of(callers.identify(Optional.empty(), client, address));
    }
    if (headers.size() > 1) {
      return Optional.empty();
    }
    return AccessToken.ofAuthorization(headers.getFirst())
        .map(token -> callers.identify(Optional.of(token), client, address));
  }

  /** Refuses a request whose body was not read, so no further request can follow it. */
  private static void refuseBody(Exchange exchange, String why) throws IOException {
    exchange.closeBehind();
    ApiRoutes.error(exchange, HubError.badRequest(why));
  }

  /**
   * Handles a failed connection, or a request body with broken framing. A response that was not
   * begun must not look like an empty success.
   */
  private static void broken(Exchange exchange, IOException e) {
    log.debug("{}: {}", exchange.requestId(), e.toString());
    if (exchange.response().isCommitted()) {
      BodyWriter.abort(exchange, e);
      return;
    }
    try {
      exchange.startOver();
      refuseBody(exchange, "The body of the request can't be read.");
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

  /** Closes the port, after a short time for responses in progress. */
  @Override
  public void close() {
    ScheduledFuture<?> task = looking;
    if (task != null) {
      task.cancel(false);
    }
    javalin.stop();
  }
}
