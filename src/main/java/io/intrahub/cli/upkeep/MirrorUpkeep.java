package io.intrahub.cli.upkeep;

import io.intrahub.cli.command.CommandException;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.cli.command.JobEvents;
import io.intrahub.cli.command.MirrorJob;
import io.intrahub.mirror.Mirror;
import io.intrahub.store.fs.FsStore;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The jobs of this package as a running mirror does them. Safe for use by many threads. */
public final class MirrorUpkeep implements MirrorJob {
  private final String name;
  private final boolean isExclusive;
  private final Function<byte[], Optional<? extends UpkeepJob>> parser;
  private final UpkeepStore store;

  private MirrorUpkeep(
      String name,
      boolean isExclusive,
      Function<byte[], Optional<? extends UpkeepJob>> parser,
      UpkeepStore store) {
    this.name = name;
    this.isExclusive = isExclusive;
    this.parser = parser;
    this.store = store;
  }

  /** All jobs of this package, for the mirror that serves the store. */
  public static List<MirrorJob> all(FsStore store, Mirror mirror) {
    UpkeepStore upkeep = UpkeepStore.of(store, mirror);
    return List.of(
        new MirrorUpkeep(RemoveJob.NAME, true, RemoveJob::ofJson, upkeep),
        new MirrorUpkeep(CollectJob.NAME, true, CollectJob::ofJson, upkeep),
        // It may take hours, and others may remove and import meanwhile.
        new MirrorUpkeep(VerifyJob.NAME, false, VerifyJob::ofJson, upkeep));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean isExclusive() {
    return isExclusive;
  }

  @Override
  public void run(byte[] request, JobEvents events) throws CommandException {
    Optional<? extends UpkeepJob> job = parser.apply(request);
    if (job.isEmpty()) {
      throw new CommandException(
          ExitCode.IO_ERROR,
          "The running mirror does not understand this "
              + name
              + ": it may be of another version.");
    }
    try {
      job.get().run(store, events);
    } catch (IOException e) {
      throw UpkeepRun.stopped(name, e);
    }
  }
}
