package io.intrahub.cli.upkeep;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.MirrorOptions;
import io.intrahub.config.Config;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that the commands of this package share. For one thread. */
final class UpkeepOptions {
  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      description = "Folder of the store (default: data/ in the current folder).")
  private @Nullable Path data;

  @Mixin private MirrorOptions mirror = new MirrorOptions();

  @Option(names = "--json", description = "Prints the result as JSON.")
  private boolean json;

  boolean json() {
    return json;
  }

  /**
   * Reads the configuration as {@code serve} does.
   *
   * @throws CommandException if it is wrong
   */
  Config load() throws CommandException {
    return mirror.load(data == null ? Map.of() : Map.of("store.path", List.of(data.toString())));
  }
}
