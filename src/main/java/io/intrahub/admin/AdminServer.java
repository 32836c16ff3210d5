package io.intrahub.admin;

import io.intrahub.mirror.Mirror;
import io.javalin.Javalin;
import io.javalin.http.Context;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * {@code /metrics} for Prometheus, {@code /health} for whoever restarts processes, and {@code
 * /status} for people. On a listener of its own, since what it tells is not for clients. Safe for
 * use by many threads once started.
 */
public final class AdminServer implements AutoCloseable {
  private static final int THREADS = 8;

  private final String address;
  private final Javalin javalin;

  /**
   * Makes the server; {@link #start} opens the port.
   *
   * @param port 0 takes any free one
   */
  public AdminServer(
      String host, int port, PrometheusMeterRegistry registry, Mirror mirror, Status status) {
    this.address = host + ":" + port;
    this.javalin =
        Javalin.create(config -> {
          config.startup.showJavalinBanner = false;
          config.jetty.threadPool = new QueuedThreadPool(THREADS);
          config.jetty.host = host;
          config.jetty.port = port;
          config.routes.get(
              "/metrics",
              ctx ->
                  ctx.contentType("text/plain; version=0.0.4; charset=utf-8")
                      .result(registry.scrape()));
          config.routes.get("/health", ctx -> health(ctx, mirror));
          config.routes.get(
              "/status",
              ctx -> ctx.contentType("application/json; charset=utf-8").result(status.write()));
        });
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
              + ", can't be opened. Choose another with --admin-port, or stop what listens there.",
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
