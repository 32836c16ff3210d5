package io.intrahub.cli;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.RemoteJob;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.cli.command.StopSignal;
import io.intrahub.cli.command.StoreTarget;
import io.intrahub.config.Config;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Brings the folder that is shared with clients up to date: through the mirror that runs on the
 * store, or else through one that this command starts, so that both decide alike what is shown.
 */
final class ViewExport {
  private final StoreTarget target;

  ViewExport(StoreTarget target) {
    this.target = target;
  }

  /**
   * Does it.
   *
   * @throws CommandException if it could not be done
   */
  ExitCode run(ReportOutput output) throws CommandException, InterruptedException {
    Optional<ExitCode> done =
        RemoteJob.runInMirror(target, ViewJob.NAME, ViewJob.request(), output);
    return done.isPresent() ? done.get() : runHere(output);
  }

  private ExitCode runHere(ReportOutput output) throws CommandException {
    Config config = target.config();
    // A mirror would make any folder a store.
    var _ = StoreInventory.open(config.store().path());
    try (StopSignal stop = new StopSignal();
        InProcessMirror mirror = InProcessMirror.startWithView(config)) {
      ViewKeeper keeper = mirror.view();
      boolean isConfigured = config.store().view() == Config.Store.View.OPEN_REPOS;
      try {
        SharedView.Content content = update(keeper, stop);
        return new ViewReport(output).tell(keeper.folder(), content, isConfigured, false)
            ? ExitCode.OK
            : ExitCode.INCOMPLETE;
      } catch (InterruptedIOException e) {
        // Said here: after a signal, the process ends as soon as the mirror is closed.
        output.error(notDone(keeper.folder(), e));
        return ExitCode.IO_ERROR;
      } catch (IOException e) {
        throw stopped(keeper.folder(), e);
      }
    }
  }

  private static SharedView.Content update(ViewKeeper keeper, StopSignal stop)
      throws CommandException, IOException {
    try {
      // Not while the mirror starts or closes: what it does with files must not be interrupted.
      stop.interrupts(true);
      return keeper.update();
    } finally {
      stop.interrupts(false);
    }
  }

  /** Says that the folder is not up to date. */
  static CommandException stopped(Path folder, IOException why) {
    return new CommandException(ExitCode.IO_ERROR, notDone(folder, why) + ".", why);
  }

  private static String notDone(Path folder, IOException why) {
    return folder
        + " could not be brought up to date: "
        + FileErrors.describe(why)
        + ". What it shows is whole, and the same command continues";
  }
}
