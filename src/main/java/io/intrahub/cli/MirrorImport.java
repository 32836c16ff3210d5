package io.intrahub.cli;

import io.intrahub.base.MemoryBudget;
import io.intrahub.cachefolder.CacheImport;
import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.JobEvents;
import io.intrahub.cli.command.MirrorJob;
import io.intrahub.store.ImportGuard;
import io.intrahub.store.StoreUsage;
import io.intrahub.store.fs.FsStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;

/** Imports into the store of a running mirror. */
final class MirrorImport implements MirrorJob {
  static final String NAME = "import";

  private final FsStore store;
  private final Path data;
  private final ImportGuard guard;
  private final MemoryBudget memory;
  private final Clock clock;

  MirrorImport(FsStore store, Path data, ImportGuard guard, MemoryBudget memory, Clock clock) {
    this.store = store;
    this.data = data;
    this.guard = guard;
    this.memory = memory;
    this.clock = clock;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean isExclusive() {
    return true;
  }

  @Override
  public void run(byte[] request, JobEvents events) throws CommandException {
    try {
      run(ImportJob.ofJson(request), events);
    } catch (ImportJob.InvalidException e) {
      throw new CommandException(ExitCode.IO_ERROR, e.getMessage() + ".", e);
    }
  }

  private void run(ImportJob job, JobEvents events)
      throws ImportJob.InvalidException, CommandException {
    ImportReport report = new ImportReport(events);
    StoreUsage before = store.usage();
    CacheImport run =
        new CacheImport(
            store,
            guard,
            memory,
            clock,
            job.link(),
            new ImportBeat(report, events::beat, System::nanoTime));
    try (MemoryBudget.Reservation held = memory.reservation(ImportJob.HOLDER)) {
      job.run(job.open(memory, held), run, data, report);
    } catch (IOException e) {
      throw new CommandException(ExitCode.IO_ERROR, ImportCommand.stopped(job.folder(), e), e);
    }
    report.evicted(before, store.usage());
    report.end();
  }
}
