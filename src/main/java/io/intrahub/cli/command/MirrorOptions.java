package io.intrahub.cli.command;

import io.intrahub.config.Config;
import io.intrahub.config.ConfigException;
import io.intrahub.config.ConfigLoader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpTimeoutException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options by which a command finds the configuration and the operator's listener of a running
 * mirror. For one thread.
 */
public final class MirrorOptions {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The YAML file that the mirror is started with, if any.")
  private @Nullable Path config;

  @Option(
      names = "--admin-host",
      paramLabel = "ADDRESS",
      description = "Address of the operator's listener (default: 127.0.0.1).")
  private @Nullable String host;

  @Option(names = "--admin-port", paramLabel = "PORT", description = "Its port (default: 8091).")
  private @Nullable String port;

  /**
   * Reads the configuration as {@code serve} does.
   *
   * @throws CommandException if it is wrong
   */
  public Config load() throws CommandException {
    return load(Map.of());
  }

  /**
   * The same, with further options of the command line.
   *
   * @param further the values of each option of the configuration
   * @throws CommandException if the configuration is wrong
   */
  public Config load(Map<String, List<String>> further) throws CommandException {
    Map<String, List<String>> given = new TreeMap<>(further);
    put(given, "admin.host", host);
    put(given, "admin.port", port);
    try {
      return ConfigLoader.load(Optional.ofNullable(config), System.getenv(), given);
    } catch (ConfigException e) {
      throw new CommandException(ExitCode.CONFIG, String.valueOf(e.getMessage()), e);
    }
  }

  /** Whether the command line names the operator's listener. */
  public boolean namesListener() {
    return host != null || port != null;
  }

  private static void put(Map<String, List<String>> given, String key, @Nullable String value) {
    if (value != null) {
      given.put(key, List.of(value));
    }
  }

  /**
   * Asks the operator's listener that the configuration names.
   *
   * @throws CommandException if no mirror answers there
   */
  public static RunningMirror running(Config config) throws CommandException, InterruptedException {
    URI address = OperatorListener.address(config.admin());
    try {
      return RunningMirror.ask(address);
    } catch (HttpTimeoutException e) {
      throw RunningMirror.silent(address, e);
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.UNAVAILABLE,
          "No mirror answers at "
              + address
              + ". Start one with serve, or name its address with --admin-host and --admin-port.",
          e);
    }
  }
}
