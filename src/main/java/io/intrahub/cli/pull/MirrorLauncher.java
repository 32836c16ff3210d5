package io.intrahub.cli.pull;

import io.intrahub.cli.command.CommandException;
import io.intrahub.config.Config;
import java.net.URI;

/** Starts a mirror in this process, for when none runs on the store. */
public interface MirrorLauncher {
  /**
   * Starts it on the configured store.
   *
   * @throws CommandException if the store is in use or can't be used, or no port can be opened
   */
  Launched launch(Config config) throws CommandException;

  /** A mirror of this process. */
  interface Launched extends AutoCloseable {
    /** The address of the clients' listener. */
    URI clients();

    /** The address of the operator's listener. */
    URI operator();

    /** Stops it. What is complete of unfinished files stays. */
    @Override
    void close();
  }
}
