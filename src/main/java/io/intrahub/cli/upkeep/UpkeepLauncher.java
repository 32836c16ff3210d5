package io.intrahub.cli.upkeep;

import io.intrahub.cli.command.CommandException;
import io.intrahub.config.Config;
import java.util.Optional;

/**
 * Starts a mirror in this process, for a command that fetches files when none runs on the store.
 */
public interface UpkeepLauncher {
  /**
   * Starts it on the configured store.
   *
   * @param token of the user, in whose name files are fetched; of the mirror itself in {@code
   *     access.mode: service}
   * @throws CommandException if the store is in use or can't be used, or no port can be opened
   */
  Launched launch(Config config, Optional<String> token) throws CommandException;

  /** A store that was opened for a job. */
  interface Launched extends AutoCloseable {
    /** The store. */
    UpkeepStore upkeep();

    @Override
    void close();
  }
}
