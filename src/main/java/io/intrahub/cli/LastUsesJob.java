package io.intrahub.cli;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.JobEvents;
import io.intrahub.cli.command.MirrorJob;
import io.intrahub.cli.command.RemoteJob;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.cli.command.StoreTarget;
import io.intrahub.store.Maintenance;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.json.JsonMapper;

/**
 * Has a running mirror save when files were last used, for a command that then lists the store. Of
 * what is listed, a mirror writes only these times later than it learns them.
 *
 * <p>The command reads the folder itself, and does not get the listing from the mirror. A commit
 * may have a million files, which would take memory that the mirror needs for its clients; and
 * whoever has the key with which a job is signed can read the folder. Reading needs no lock and
 * writes nothing, so it works without a mirror and on a read-only mount too.
 */
final class LastUsesJob implements MirrorJob {
  private final String command;
  private final Maintenance maintenance;

  LastUsesJob(String command, Maintenance maintenance) {
    this.command = command;
    this.maintenance = maintenance;
  }

  /**
   * Has the mirror that runs on a store save the last uses; does nothing if none runs on it as far
   * as can be told.
   *
   * @param command the name of the command
   * @throws CommandException if the mirror that the command line names does not answer or runs on
   *     another folder, or it is not known whether the last uses were saved
   */
  static void ask(StoreTarget target, String command)
      throws CommandException, InterruptedException {
    // The command prints the result, and this job has none.
    PrintWriter none = new PrintWriter(Writer.nullWriter());
    byte[] request = "{}".getBytes(StandardCharsets.UTF_8);
    ReportOutput output = new ReportOutput.Console(none, none, false);
    var _ = RemoteJob.runInMirror(target, command, request, output);
  }

  @Override
  public String name() {
    return command;
  }

  @Override
  public boolean isExclusive() {
    return false;
  }

  /** Several users may list the store, and each needs the times of now. */
  @Override
  public boolean isRepeatable() {
    return true;
  }

  @Override
  public void run(byte[] request, JobEvents events) {
    maintenance.saveLastUses();
    events.end(JsonMapper.shared().createObjectNode(), true, "");
  }
}
