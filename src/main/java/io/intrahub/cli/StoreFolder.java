package io.intrahub.cli;

import io.intrahub.config.Config;
import io.intrahub.config.ConfigException;
import io.intrahub.config.ConfigLoader;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.tokens.TokenFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flags with which commands that work on the folder of the store find it. */
final class StoreFolder {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The YAML file that the mirror is started with, if any.")
  @Nullable Path config;

  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      description = "Folder of the store (default: data/ in the current folder).")
  @Nullable Path data;

  /** Reads the configuration as {@code serve} does. */
  Config load() throws StartException {
    Map<String, List<String>> given = new TreeMap<>();
    if (data != null) {
      given.put("store.path", List.of(data.toString()));
    }
    try {
      return ConfigLoader.load(Optional.ofNullable(config), System.getenv(), given);
    } catch (ConfigException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Finds the tokens of the store that a configuration names. */
  static TokenFile tokens(Config config) throws StartException {
    try {
      return TokenFile.of(config.store().path());
    } catch (StoreException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }
}
