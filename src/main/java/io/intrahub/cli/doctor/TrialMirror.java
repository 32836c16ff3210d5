package io.intrahub.cli.doctor;

import io.intrahub.cli.command.CommandException;
import java.io.IOException;
import java.net.URI;

/** The mirror through which a repo is loaded on trial. */
public interface TrialMirror {
  /**
   * Returns one that runs.
   *
   * @return to be closed by the caller
   * @throws CommandException if none can be started, with what to change
   * @throws IOException if no folder can be made for it
   */
  Session open() throws CommandException, IOException;

  /** A mirror that runs. */
  interface Session extends AutoCloseable {
    /** The address of the clients' listener. */
    URI clients();

    /** The address of the operator's listener. */
    URI operator();

    /** Whether others use it too, so that it may make calls for them. */
    boolean isShared();

    @Override
    void close() throws IOException;
  }
}
