package io.intrahub.cli.command;

import io.intrahub.config.Config;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** How commands reach the operator's listener of a running mirror. */
public final class OperatorListener {
  /** How long a command waits for a connection, and for answers that take no work. */
  public static final Duration PATIENCE = Duration.ofSeconds(5);

  private OperatorListener() {}

  /**
   * The address of the listener that a configuration names.
   *
   * @throws CommandException if the mirror chose the port itself
   */
  public static URI address(Config.Admin admin) throws CommandException {
    if (admin.port() == 0) {
      throw new CommandException(
          ExitCode.CONFIG,
          "The mirror selected a free port (admin.port is 0). Name it with --admin-port; serve"
              + " prints it when it starts.");
    }
    return address(admin.host(), admin.port());
  }

  /**
   * The address of a listener on this machine.
   *
   * @param host what it binds to; all addresses count as this machine's own
   */
  public static URI address(String host, int port) {
    return URI.create("http://" + reachable(host) + ":" + port);
  }

  /** The name of a listener: those of all addresses are none to connect to. */
  private static String reachable(String listener) {
    return switch (listener) {
      case "0.0.0.0" -> "127.0.0.1";
      case "::", "[::]" -> "[::1]";
      default ->
          listener.contains(":") && !listener.startsWith("[") ? "[" + listener + "]" : listener;
    };
  }

  /** To be closed. A proxy leads to the Hub, not to the operator's own machine. */
  public static HttpClient client() {
    return HttpClient.newBuilder()
        .proxy(HttpClient.Builder.NO_PROXY)
        .connectTimeout(PATIENCE)
        .build();
  }

  /**
   * Sends a GET, and waits for the whole answer. The timeout of a request would end with the head
   * of its answer.
   *
   * @param client to be shut down afterwards, which ends a request in progress
   * @param limit of the body, in bytes: another server's may have no end
   * @throws HttpTimeoutException if the answer is not complete in time
   * @throws IOException if nothing answers there, or the body is longer
   */
  static HttpResponse<String> get(HttpClient client, URI address, Duration patience, int limit)
      throws IOException, InterruptedException {
    try {
      return client
          .sendAsync(
              HttpRequest.newBuilder(address).build(),
              BodyHandlers.limiting(BodyHandlers.ofString(StandardCharsets.UTF_8), limit))
          .get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      HttpTimeoutException silent = new HttpTimeoutException("no answer in time");
      silent.initCause(e);
      throw silent;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException why ? why : new IOException(e.getCause());
    }
  }
}
