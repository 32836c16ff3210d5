package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.store.GuardedFolder;
import io.intrahub.store.SeedBlobs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cache folders of the Hub's Python clients as seeds: {@code models--acme--tiny/blobs/{etag}}. They
 * are only read. A folder may appear later, for example when it is mounted.
 */
public final class SeedFolders implements SeedBlobs {
  private static final Logger log = LoggerFactory.getLogger(SeedFolders.class);

  private final List<SeedFolder> folders;
  private final SeedVerdicts verdicts;

  /**
   * Seeds, the first folder first.
   *
   * @param nanos the time, as {@link System#nanoTime}
   * @param verdictBytes bytes of heap in which it is remembered which files are undamaged, and
   *     which could not be read
   */
  public SeedFolders(List<GuardedFolder> folders, LongSupplier nanos, long verdictBytes) {
    this.verdicts = new SeedVerdicts(nanos, verdictBytes);
    this.folders = folders.stream().map(folder -> new SeedFolder(folder, verdicts, nanos)).toList();
  }

  @Override
  public Optional<Seed> open(RepoId repo, BlobId blob, Duration atMost) {
    long end = System.nanoTime() + atMost.toNanos();
    return folders.stream()
        .map(folder -> folder.open(repo, blob, left(end)))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static Duration left(long end) {
    return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
  }

  @Override
  public boolean await(RepoId repo, BlobId blob, Duration atMost) {
    long end = System.nanoTime() + atMost.toNanos();
    return folders.stream().anyMatch(folder -> folder.await(repo, blob, left(end)));
  }

  @Override
  public boolean mayOffer(RepoId repo, BlobId blob) {
    return folders.stream().anyMatch(folder -> folder.mayOffer(repo, blob));
  }

  @Override
  public boolean isVerifying(RepoId repo, BlobId blob) {
    return folders.stream().anyMatch(folder -> folder.isVerifying(repo, blob));
  }

  @Override
  public void reject(Path file) {
    verdicts.forget(file);
    if (!verdicts.isRejected(file)) {
      log.warn(
          "{} is not used for a minute (store.seeds): its content does not match its digest, or"
              + " can't be read",
          file);
    }
    verdicts.reject(file);
  }
}
