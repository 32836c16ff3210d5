package io.intrahub.cli.upkeep;

import io.intrahub.cachefolder.CacheView;
import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.QuietLog;
import io.intrahub.cli.command.RemoteJob;
import io.intrahub.cli.command.ReportOutput;
import io.intrahub.cli.command.StoreTarget;
import io.intrahub.config.Config;
import io.intrahub.store.StoreException;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.ReadOnlyStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.io.IOException;
import java.time.Clock;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** Has a job done by the mirror that runs on a store, or does it here if none does. */
final class UpkeepRun {
  private final StoreTarget target;
  private final Opener opener;

  /** Opens the store if no mirror runs on it. */
  interface Opener {
    /** Opens it. It exists. */
    UpkeepLauncher.Launched open(Config config)
        throws CommandException, StoreException, IOException;
  }

  /** For jobs that need upstream for nothing. */
  UpkeepRun(StoreTarget target) {
    this(target, UpkeepRun::alone);
  }

  UpkeepRun(StoreTarget target, Opener opener) {
    this.target = target;
    this.opener = opener;
  }

  /**
   * Does a job.
   *
   * @return {@link ExitCode#OK}, or {@link ExitCode#INCOMPLETE} if the report says so
   * @throws CommandException if it could not be done
   */
  ExitCode run(UpkeepJob job, ReportOutput output) throws CommandException, InterruptedException {
    Optional<ExitCode> done = RemoteJob.runInMirror(target, job.name(), job.toJson(), output);
    return done.isPresent() ? done.get() : runHere(job, output);
  }

  private ExitCode runHere(UpkeepJob job, ReportOutput output) throws CommandException {
    Config.Store settings = target.config().store();
    try {
      // Opening a folder would make it a store.
      var _ = ReadOnlyStore.open(settings.path());
      Noted noted = new Noted(output);
      try (QuietLog _ = new QuietLog();
          UpkeepLauncher.Launched opened = opener.open(target.config())) {
        job.prepare(opened.upkeep().store());
        job.run(opened.upkeep(), noted);
      }
      return noted.complete ? ExitCode.OK : ExitCode.INCOMPLETE;
    } catch (StoreException e) {
      throw new CommandException(
          ExitCode.CONFIG,
          e.getMessage()
              + ". If a mirror runs on it, name its operator's listener with --admin-host and"
              + " --admin-port, and the mirror does the work.",
          e);
    } catch (IOException e) {
      throw stopped(job.name(), e);
    }
  }

  private static UpkeepLauncher.Launched alone(Config config) throws StoreException, IOException {
    Config.Store settings = config.store();
    FsStore store =
        FsStore.open(
            settings.path(),
            Clock.systemUTC(),
            new DiskBudgetSettings(
                settings.maxSize().bytes(),
                settings.minFree().bytes(),
                settings.highWatermark(),
                settings.lowWatermark()),
            Thread::startVirtualThread);
    boolean complete = false;
    try {
      CacheView.follow(store, settings.path());
      complete = true;
    } finally {
      if (!complete) {
        store.close();
      }
    }
    UpkeepStore upkeep = UpkeepStore.alone(store);
    return new UpkeepLauncher.Launched() {
      @Override
      public UpkeepStore upkeep() {
        return upkeep;
      }

      @Override
      public void close() {
        store.close();
      }
    };
  }

  /** Says that a job came to an end too early. */
  static CommandException stopped(String job, IOException why) {
    return new CommandException(
        ExitCode.IO_ERROR,
        "The "
            + job
            + " stopped: "
            + Optional.ofNullable(why.getMessage()).orElse("it was interrupted")
            + ". What is done stays done, and the same command continues.",
        why);
  }

  /** Notes how the report ends. For one thread. */
  private static final class Noted implements ReportOutput {
    private final ReportOutput to;
    private boolean complete;

    Noted(ReportOutput to) {
      this.to = to;
    }

    @Override
    public void line(String text) {
      to.line(text);
    }

    @Override
    public void error(String text) {
      to.error(text);
    }

    @Override
    public void progress(String text) {
      to.progress(text);
    }

    @Override
    public void end(ObjectNode result, boolean complete, String last) {
      this.complete = complete;
      to.end(result, complete, last);
    }
  }
}
