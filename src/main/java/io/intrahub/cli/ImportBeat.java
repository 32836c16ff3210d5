package io.intrahub.cli;

import io.intrahub.cachefolder.CacheImport;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Reports an import that a running mirror makes, and ends it soon after nobody waits for it any
 * more: also while files are only read, because they are stored already or a large one is hashed.
 * For one thread.
 */
final class ImportBeat implements CacheImport.Progress {
  private static final long PAUSE = Duration.ofSeconds(1).toNanos();

  private final ImportReport report;
  private final Runnable beat;
  private final LongSupplier nanos;
  private long last;

  /**
   * Reports to the command that asked for the import.
   *
   * @param beat finds out whether the import is still wanted, and throws an unchecked exception if
   *     it is not; called at most once a second
   * @param nanos the time, as {@link System#nanoTime}
   */
  ImportBeat(ImportReport report, Runnable beat, LongSupplier nanos) {
    this.report = report;
    this.beat = beat;
    this.nanos = nanos;
    this.last = nanos.getAsLong();
  }

  @Override
  public void added(RepoId repo, FilePath path, long bytes) {
    report.added(repo, path, bytes);
    reading();
  }

  @Override
  public void reading() {
    long now = nanos.getAsLong();
    if (now - last >= PAUSE) {
      last = now;
      beat.run();
    }
  }
}
