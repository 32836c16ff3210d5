package io.intrahub.cli.upkeep;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.store.fs.FsStore;
import java.io.IOException;

/** Work on a store, done by a running mirror or by the command itself. Immutable. */
interface UpkeepJob {
  /** The name of the command. */
  String name();

  /** The job as a running mirror reads it. */
  byte[] toJson();

  /** What has to be done first to a store that was just opened for the job. */
  default void prepare(FsStore store) {}

  /**
   * Does it.
   *
   * @param output gets lines, and the end exactly once
   * @throws CommandException to end the command with this message, instead of the end
   * @throws IOException if the store can't be read or written
   */
  void run(UpkeepStore store, ReportOutput output) throws CommandException, IOException;
}
