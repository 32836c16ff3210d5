package io.intrahub.cli.command;

import io.intrahub.config.Config;
import io.intrahub.config.ConfigException;
import io.intrahub.config.ConfigLoader;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.StoreIdentity;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options by which a command finds the configuration, the folder of the store, and the mirror
 * that runs on it. For one thread.
 */
public final class MirrorOptions {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The YAML file that the mirror is started with, if any.")
  private @Nullable Path config;

  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      description = "Folder of the store (default: data/ in the current folder).")
  private @Nullable Path data;

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
    Map<String, List<String>> given = new TreeMap<>();
    put(given, "store.path", data);
    put(given, "admin.host", host);
    put(given, "admin.port", port);
    try {
      return ConfigLoader.load(Optional.ofNullable(config), System.getenv(), given);
    } catch (ConfigException e) {
      throw new CommandException(ExitCode.CONFIG, String.valueOf(e.getMessage()), e);
    }
  }

  private static void put(Map<String, List<String>> given, String key, @Nullable Object value) {
    if (value != null) {
      given.put(key, List.of(value.toString()));
    }
  }

  /**
   * Asks the operator's listener that the configuration names.
   *
   * @throws CommandException if no mirror answers there
   */
  public static RunningMirror require(Config config) throws CommandException, InterruptedException {
    if (config.admin().port() == 0) {
      throw new CommandException(
          ExitCode.CONFIG,
          "The mirror selected a free port (admin.port is 0). Name it with --admin-port; serve"
              + " prints it when it starts.");
    }
    URI address = operator(config.admin());
    try {
      return RunningMirror.ask(address);
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.UNAVAILABLE,
          "No mirror answers at "
              + address
              + ". Start one with serve, or name its address with --admin-host and --admin-port.",
          e);
    }
  }

  /**
   * Finds the mirror that has the store of a configuration open.
   *
   * @return empty if none answers, or the one that answers has another store
   * @throws CommandException if the command line names a mirror and none answers there
   */
  public Optional<RunningMirror> running(Config config)
      throws CommandException, InterruptedException {
    boolean named = host != null || port != null;
    if (named && data == null) {
      return Optional.of(require(config));
    }
    if (config.admin().port() == 0) {
      return Optional.empty();
    }
    RunningMirror mirror;
    try {
      mirror = named ? require(config) : RunningMirror.ask(operator(config.admin()));
    } catch (IOException _) {
      return Optional.empty();
    } catch (CommandException e) {
      if (named) {
        throw e;
      }
      // Something else uses the default port.
      return Optional.empty();
    }
    Optional<String> id = storeId(config.store().path());
    return id.isPresent() && id.equals(mirror.storeId()) ? Optional.of(mirror) : Optional.empty();
  }

  /** The random name of the store in a folder; empty if there is no store. */
  private static Optional<String> storeId(Path folder) throws CommandException {
    if (!Files.isDirectory(folder)) {
      return Optional.empty();
    }
    try {
      return StoreIdentity.read(folder);
    } catch (StoreException e) {
      throw new CommandException(ExitCode.CONFIG, String.valueOf(e.getMessage()), e);
    }
  }

  private static URI operator(Config.Admin admin) {
    return URI.create("http://" + reachable(admin.host()) + ":" + admin.port());
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
}
