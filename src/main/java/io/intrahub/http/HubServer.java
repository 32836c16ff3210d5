package io.intrahub.http;

import io.intrahub.access.AccessToken;
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
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The clients' listener. Safe for use by many threads once started. */
public final class HubServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HubServer.class);

  private final HttpSettings settings;
  private final Javalin javalin;
  private final Router router;
  private final Fingerprints fingerprints;
  private final Supplier<String> requestIds;
  private final RequestListener listener;

  /**
   * Makes the server; {@link #start} opens the port.
   *
   * @param budget for what is kept of request bodies
   * @param requestIds gives a new, unguessable one each time
   */
  public HubServer(
      HttpSettings settings,
      Mirror mirror,
      Fingerprints fingerprints,
      DirectBufferPool buffers,
      MemoryBudget budget,
      Supplier<String> requestIds,
      RequestListener listener) {
    this.router =
        new Router(
            new FileRoute(mirror.files(), new BodyWriter(buffers)),
            new ApiRoutes(mirror, budget, settings));
    this.settings = settings;
    this.fingerprints = fingerprints;
    this.requestIds = requestIds;
    this.listener = listener;
    this.javalin =
        Javalin.create(config -> {
          config.startup.showJavalinBanner = false;
          config.http.compressionStrategy = CompressionStrategy.NONE;
          JettySetup.apply(config, settings, requestIds);
          config.routes.before(this::handle);
        });
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
              + "). Choose another with --port, or stop what listens there.",
          e);
    }
  }

  /** The port that is open. */
  public int port() {
    return javalin.port();
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
    Exchange exchange = new Exchange(ctx, requestId, Caller.ANONYMOUS);
    try {
      Optional<Caller> caller = caller(ctx);
      if (exchange.isRead() && exchange.hasBody()) {
        // No client of the Hub sends one (RFC 9110 section 9.3.1 warns of it). A proxy in between
        // that sees no body here would take these bytes for the next request.
        refuseBody(exchange, "A " + exchange.method() + " has no body.");
      } else if (caller.isEmpty()) {
        ApiRoutes.error(exchange, HubError.badToken());
      } else {
        exchange = new Exchange(ctx, requestId, caller.get());
        router.handle(exchange);
      }
    } catch (IOException e) {
      broken(exchange, e);
    } catch (RuntimeException e) {
      fault(exchange, e);
    }
    listener.answered(
        new RequestListener.Request(
            exchange.method(),
            exchange.rawPath(),
            ctx.res().getStatus(),
            Optional.ofNullable(ctx.res().getHeader(HeaderNames.CACHE_STATUS)).orElse(""),
            Optional.ofNullable(ctx.res().getHeader(HeaderNames.X_ERROR_MESSAGE)).orElse(""),
            exchange.bytesSent(),
            Duration.ofNanos(System.nanoTime() - start),
            requestId));
  }

  /** Empty when the header can't be a token: asking as somebody else would be a guess. */
  private Optional<Caller> caller(Context ctx) {
    String client = String.valueOf(ctx.req().getRemoteAddr());
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
    exchange.set("Connection", "close");
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

  private static void fault(Exchange exchange, RuntimeException e) {
    log.error("{}: {} {}", exchange.requestId(), exchange.method(), exchange.rawPath(), e);
    if (exchange.response().isCommitted()) {
      BodyWriter.abort(exchange, e);
      return;
    }
    try {
      exchange.startOver();
      Router.internalError(exchange);
    } catch (IOException gone) {
      log.debug("{}: {}", exchange.requestId(), gone.toString());
    }
  }

  /** Lets running answers end, for a while, and closes the port. */
  @Override
  public void close() {
    javalin.stop();
  }
}
