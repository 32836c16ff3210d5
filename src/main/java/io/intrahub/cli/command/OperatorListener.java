package io.intrahub.cli.command;

import io.intrahub.config.Config;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;

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
}
