package io.intrahub.http;

import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.json.ErrorJson;
import io.javalin.config.JavalinConfig;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.concurrent.Executors;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** Configures Jetty: a thread per request, which paths it accepts, how it refuses the others. */
final class JettySetup {
  private static final int PLATFORM_THREADS = 32;
  private static final int MAX_HEAD_BYTES = 16 * 1024;

  /**
   * While a request is answered. Between two requests, the limit of {@link ClientConnector} holds.
   */
  private static final long IDLE_MILLIS = 120_000;

  private JettySetup() {}

  /**
   * Configures the server.
   *
   * @param connector creates the port for clients
   */
  static void apply(
      JavalinConfig config,
      BiFunction<Server, HttpConfiguration, Connector> connector,
      Supplier<String> requestIds) {
    QueuedThreadPool threads = new QueuedThreadPool(PLATFORM_THREADS);
    threads.setName("http");
    threads.setVirtualThreadsExecutor(Executors.newVirtualThreadPerTaskExecutor());
    config.jetty.threadPool = threads;
    config.jetty.addConnector(connector);
    config.jetty.modifyHttpConfiguration(http -> {
      http.setSendServerVersion(false);
      http.setRequestHeaderSize(MAX_HEAD_BYTES);
      http.setIdleTimeout(IDLE_MILLIS);
      // Jetty's default accepts a bare LF as the end of a header line. A proxy on the way may take
      // it for a part of the value, and what follows it would be a header for the mirror only.
      http.setHttpCompliance(HttpCompliance.STRICT);
      // Escaped slashes and percent signs are part of the Hub's paths, and hf-hub 0.x and
      // huggingface.js send doubled slashes. An escaped backslash may be part of a file's name; it
      // counts as suspicious, like control characters, which the parser refuses. Escaped dots and
      // the like are refused here.
      http.setUriCompliance(
          UriCompliance.from(
              EnumSet.of(
                  UriCompliance.Violation.AMBIGUOUS_PATH_SEPARATOR,
                  UriCompliance.Violation.AMBIGUOUS_PATH_ENCODING,
                  UriCompliance.Violation.AMBIGUOUS_EMPTY_SEGMENT,
                  UriCompliance.Violation.SUSPICIOUS_PATH_CHARACTERS)));
    });
    config.jetty.modifyServer(server -> {
      server.setErrorHandler(
          (Request.Handler)
              (request, response, callback) ->
                  refuse(request, response, callback, requestIds.get()));
    });
  }

  /** Requests that Jetty refuses never reach the router, but get an error in the Hub's form too. */
  private static boolean refuse(
      Request request, Response response, Callback callback, String requestId) {
    Object reason = request.getAttribute(ErrorHandler.ERROR_MESSAGE);
    String message =
        switch (response.getStatus()) {
          case 400 ->
              "The request can't be read"
                  + (reason == null ? "." : ": " + reason + ".")
                  + " Percent-encode the path.";
          case 414 -> "The address is too long.";
          case 431 -> "The headers are too long.";
          default -> "The request can't be answered.";
        };
    String line = message.replaceAll("[^ -~]", "?");
    response.getHeaders().put(HeaderNames.X_REQUEST_ID, requestId);
    response.getHeaders().put(HeaderNames.X_ERROR_MESSAGE, line);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json; charset=utf-8");
    // The end of a refused request is uncertain, so no further request is read after it.
    response.getHeaders().put(HttpHeader.CONNECTION, "close");
    response.write(true, ByteBuffer.wrap(ErrorJson.write(line)), callback);
    return true;
  }
}
