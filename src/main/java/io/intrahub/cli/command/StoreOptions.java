package io.intrahub.cli.command;

import io.intrahub.config.Config;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/**
 * The options of commands that work on a store, or have the mirror do it that runs on the store.
 * For one thread.
 */
public final class StoreOptions {
  @Option(names = "--json", description = "Prints the result as JSON, at the end.")
  private boolean json;

  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      description = "Folder of the store (default: data/ in the current folder).")
  private @Nullable Path data;

  @Mixin private MirrorOptions mirror = new MirrorOptions();

  /** Whether the result is to be printed as JSON. */
  public boolean json() {
    return json;
  }

  /** Where a command prints its report. */
  public ReportOutput output(CommandSpec command) {
    return new ReportOutput.Console(
        command.commandLine().getOut(), command.commandLine().getErr(), json);
  }

  /**
   * Reads the configuration as {@code serve} does.
   *
   * @throws CommandException if it is wrong
   */
  public Config load() throws CommandException {
    return mirror.load(data == null ? Map.of() : Map.of("store.path", List.of(data.toString())));
  }

  /**
   * The same, with what the command line says of the mirror.
   *
   * @throws CommandException if the configuration is wrong
   */
  public StoreTarget target() throws CommandException {
    return new StoreTarget(load(), namesListener());
  }

  /** Whether the command line names the operator's listener. */
  public boolean namesListener() {
    return mirror.namesListener();
  }

  /** The folder of the store that the command line names; empty if it names none. */
  public Optional<Path> folder() {
    return Optional.ofNullable(data);
  }

  /**
   * Whether the user names the folder of the store.
   *
   * @param config as it was loaded
   */
  public boolean namesFolder(Config config) {
    return data != null || !config.store().path().equals(Config.defaults().store().path());
  }
}
