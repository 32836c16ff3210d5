package io.intrahub.cli;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.JobEvents;
import io.intrahub.cli.command.MirrorJob;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Brings the folder that a running mirror shares with clients up to date. */
final class ViewJob implements MirrorJob {
  static final String NAME = "export";

  private static final String VIEW = "view";

  private final ViewKeeper keeper;

  ViewJob(ViewKeeper keeper) {
    this.keeper = keeper;
  }

  /** The job as a running mirror reads it. */
  static byte[] request() {
    return JsonMapper.shared()
        .createObjectNode()
        .put(VIEW, true)
        .toString()
        .getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public String name() {
    return NAME;
  }

  /** The mirror does the same by itself while other jobs run. */
  @Override
  public boolean isExclusive() {
    return false;
  }

  @Override
  public void run(byte[] request, JobEvents events) throws CommandException {
    if (!isKnown(request)) {
      throw new CommandException(
          ExitCode.IO_ERROR,
          "The running mirror does not understand this export: it may be of another version.");
    }
    try {
      var _ =
          new ViewReport(events)
              .tell(keeper.folder(), keeper.update(), keeper.isConfigured(), true);
    } catch (IOException e) {
      throw ViewExport.stopped(keeper.folder(), e);
    }
  }

  private static boolean isKnown(byte[] request) {
    try {
      return JsonMapper.shared().readTree(request).path(VIEW).asBoolean(false);
    } catch (JacksonException e) {
      return false;
    }
  }
}
