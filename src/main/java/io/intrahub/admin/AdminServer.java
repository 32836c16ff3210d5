package io.intrahub.admin;

import io.intrahub.mirror.Mirror;
import io.javalin.Javalin;
import io.javalin.http.Context;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code /metrics} for Prometheus, {@code /health} for whoever restarts processes, and {@code
 * /status} for people. On a listener of its own, since what it tells is not for clients. Safe for
 * use by many threads once started.
 */
public final class AdminServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(AdminServer.class);
  private static final int THREADS = 8;

  /** Without the text of an exception. */
  private static final Request.Handler PLAIN_ERRORS =
      (request, response, callback) -> {
        response.write(true, ByteBuffer.allocate(0), callback);
        return true;
      };

  private final String address;
  private final HostCheck names;
  private final Javalin javalin;

  /**
   * Makes the server; {@link #start} opens the port.
   *
   * @param port 0 takes any free one
   * @param hosts names by which the listener may be called, beside localhost, {@code host} and
   *     addresses
   */
  public AdminServer(
      String host,
      int port,
      List<String> hosts,
      PrometheusMeterRegistry registry,
      Mirror mirror,
      StatusReport statusReport) {
    this.address = host + ":" + port;
    this.names = new HostCheck(host, hosts);
    this.javalin =
        Javalin.create(config -> {
          config.startup.showJavalinBanner = false;
          config.jetty.threadPool = new QueuedThreadPool(THREADS);
          config.jetty.host = host;
          config.jetty.port = port;
          config.jetty.modifyServer(server -> server.setErrorHandler(PLAIN_ERRORS));
          config.routes.before(this::check);
          config.routes.exception(Exception.class, AdminServer::fault);
          config.router.javaLangErrorHandler((response, error) -> {
            log.error("A request to the operator's listener failed", error);
            response.setStatus(500);
          });
          config.routes.get(
              "/metrics",
              ctx ->
                  ctx.contentType("text/plain; version=0.0.4; charset=utf-8")
                      .result(registry.scrape()));
          config.routes.get("/health", ctx -> health(ctx, mirror));
          config.routes.get(
              "/status",
              ctx ->
                  ctx.contentType("application/json; charset=utf-8").result(statusReport.write()));
        });
  }

  /** Refuses what a web page may have sent: see {@link HostCheck}. */
  private void check(Context ctx) {
    List<String> hosts = Collections.list(ctx.req().getHeaders("Host"));
    String host = hosts.isEmpty() ? "" : hosts.getFirst();
    if (!host.isEmpty() && !names.isOwn(host)) {
      refuse(
          ctx,
          421,
          "The operator's listener does not answer to this host name. Use its IP address, or add"
              + " the name to admin.hosts.");
    } else if (HostCheck.isForeign(Optional.ofNullable(ctx.req().getHeader("Origin")), host)) {
      refuse(ctx, 403, "The operator's listener refuses requests from pages of other sites.");
    }
  }

  private static void refuse(Context ctx, int status, String message) {
    ctx.skipRemainingHandlers();
    ctx.status(status).contentType("text/plain; charset=utf-8").result(message + "\n");
  }

  private static void fault(Exception e, Context ctx) {
    log.error("{} failed", ctx.req().getRequestURI(), e);
    refuse(ctx, 500, "Internal error of intrahub; see the log.");
  }

  /**
   * A mirror whose upstream is away is well: it serves what it has. So the status is always 200.
   */
  private static void health(Context ctx, Mirror mirror) {
    ctx.contentType("application/json; charset=utf-8")
        .result("{\"status\":\"ok\",\"upstream\":\"" + mirror.upstreamState() + "\"}");
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
          "The operator's port, "
              + address
              + ", can't be opened. Choose another with --admin-port, or stop the program that uses it.",
          e);
    }
  }

  /** The port that is open. */
  public int port() {
    return javalin.port();
  }

  @Override
  public void close() {
    javalin.stop();
  }
}
