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
 * The listener for the operator: {@code /metrics} for Prometheus, {@code /health} for supervisors,
 * {@code /status} for people, and a POST for each job of {@link OperatorJobs}. It has a port of its
 * own, because its answers are not for clients. Safe for use by many threads once started.
 */
public final class AdminServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(AdminServer.class);
  private static final int THREADS = 8;

  /** The header with the signature of a request that changes the store. */
  public static final String SIGNATURE = "X-Intrahub-Signature";

  /** The path of a new challenge, and the header in which a signed request names its own. */
  public static final String CHALLENGE_PATH = "/challenge";

  public static final String CHALLENGE = "X-Intrahub-Challenge";

  /**
   * The header of an answer with which the mirror proves that it has the key, so that a command
   * believes it: another process may listen on the port while no mirror runs. It is sent only after
   * the request was admitted.
   */
  public static final String PROOF = "X-Intrahub-Proof";

  /** The status of a signed request whose challenge is not, or not any more, good. */
  public static final int EXPIRED = 409;

  /** Writes errors without the text of an exception. */
  private static final Request.Handler PLAIN_ERRORS =
      (request, response, callback) -> {
        response.write(true, ByteBuffer.allocate(0), callback);
        return true;
      };

  private final String address;
  private final HostCheck names;
  private final Javalin javalin;

  /**
   * Creates the server; {@link #start} opens the port.
   *
   * @param port port to bind to; 0 takes any free one
   * @param hosts names that requests may use for the listener, besides localhost, {@code host} and
   *     IP addresses
   * @param jobs what commands may ask for
   */
  public AdminServer(
      String host,
      int port,
      List<String> hosts,
      PrometheusMeterRegistry registry,
      Mirror mirror,
      StatusReport statusReport,
      OperatorJobs jobs) {
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
            log.error("A request to the admin listener failed", error);
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
          config.routes.get(
              CHALLENGE_PATH,
              ctx ->
                  ctx.contentType("text/plain; charset=utf-8")
                      .header("Cache-Control", "no-store")
                      .result(jobs.challenge()));
          jobs.names().forEach(job -> config.routes.post("/" + job, ctx -> run(ctx, job, jobs)));
        });
  }

  /** Refuses requests that a web page may have sent; see {@link HostCheck}. */
  private void check(Context ctx) {
    List<String> hosts = Collections.list(ctx.req().getHeaders("Host"));
    String host = hosts.isEmpty() ? "" : hosts.getFirst();
    if (!host.isEmpty() && !names.isOwn(host)) {
      refuse(
          ctx,
          421,
          "This listener does not answer to this host name. Use its IP address, or add the name"
              + " to admin.hosts.");
    } else if (HostCheck.isForeign(Optional.ofNullable(ctx.req().getHeader("Origin")), host)) {
      refuse(ctx, 403, "Web pages of other sites may not use this listener.");
    }
  }

  private static void run(Context ctx, String job, OperatorJobs jobs) throws IOException {
    byte[] request = ctx.bodyAsBytes();
    String signature = header(ctx, SIGNATURE);
    switch (jobs.admit(job, request, header(ctx, CHALLENGE), signature)) {
      case FORGED ->
          refuse(ctx, 403, "The request is not signed with the key in this mirror's store folder.");
      case EXPIRED ->
          refuse(
              ctx,
              EXPIRED,
              "The mirror does not know the challenge of this request, or it was used before. Start"
                  + " the command again.");
      case ADMITTED -> {
        ctx.header(PROOF, jobs.prove(signature));
        ctx.contentType("application/x-ndjson; charset=utf-8");
        // Not Javalin's own stream, whose flush() does nothing: a client that left would go
        // unnoticed.
        jobs.run(job, request, ctx.res().getOutputStream());
      }
    }
  }

  private static String header(Context ctx, String name) {
    return Optional.ofNullable(ctx.req().getHeader(name)).orElse("");
  }

  private static void refuse(Context ctx, int status, String message) {
    ctx.skipRemainingHandlers();
    ctx.status(status).contentType("text/plain; charset=utf-8").result(message + "\n");
  }

  private static void fault(Exception e, Context ctx) {
    log.error("The admin request {} failed", ctx.req().getRequestURI(), e);
    refuse(ctx, 500, "Internal error of intrahub; see the log.");
  }

  /**
   * The status is always 200: a mirror whose upstream is unreachable still serves what it stores.
   */
  private static void health(Context ctx, Mirror mirror) {
    ctx.contentType("application/json; charset=utf-8")
        .result("{\"status\":\"ok\",\"upstream\":\"" + mirror.upstreamState() + "\"}");
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
          "Can't open the port for the operator, "
              + address
              + ". Choose another with --admin-port, or stop the process that uses it.",
          e);
    }
  }

  /** Returns the port that is open. */
  public int port() {
    return javalin.port();
  }

  @Override
  public void close() {
    javalin.stop();
  }
}
