package io.intrahub.store.fs;

import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.store.RemovalGuard;
import io.intrahub.store.RepoStore;
import io.intrahub.store.fs.RemovalPlan.Part;
import io.intrahub.store.fs.RemovalPlan.Target;
import io.intrahub.store.fs.blobs.EvictablePublishedBlobs;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.PartialKey;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.partial.PartialBlobs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes repos and revisions, for the operator. The store may serve clients meanwhile.
 *
 * <p>The metadata goes first and then the blobs that nothing else names. If the process ends in
 * between, what is left is a store like any other, in which these blobs are the first to be
 * evicted; the same removal again removes them, too, if the repo had them to itself.
 *
 * <p>Safe for use by many threads.
 */
public final class RepoRemover {
  private static final Logger log = LoggerFactory.getLogger(RepoRemover.class);

  private final Disk disk;
  private final StoreLayout layout;
  private final RepoStore repos;
  private final EvictablePublishedBlobs published;
  private final PartialBlobs partials;
  private final RemovalPlanner planner;

  RepoRemover(
      Disk disk,
      StoreLayout layout,
      RepoStore repos,
      EvictablePublishedBlobs published,
      PartialBlobs partials) {
    this.disk = disk;
    this.layout = layout;
    this.repos = repos;
    this.published = published;
    this.partials = partials;
    this.planner = new RemovalPlanner(disk, layout);
  }

  /**
   * What was removed.
   *
   * @param files number of published blobs
   * @param bytes of these
   * @param inUse number of blobs that stay until they are evicted, because somebody reads or writes
   *     them
   * @param failed number of blobs that could not be removed; the log says why
   */
  public record Outcome(long files, long bytes, long inUse, long failed) {}

  /**
   * Finds out what would go and what stays. Takes as long as reading all manifests.
   *
   * @throws IOException if the revisions or the manifests of the targets can't be read
   */
  public RemovalPlan plan(List<Target> targets) throws IOException {
    return planner.plan(targets);
  }

  /**
   * Removes what a plan says, unless it is in use by now.
   *
   * @throws IOException if some of the metadata could not be removed; then no blob is
   */
  public Outcome remove(RemovalPlan plan, RemovalGuard guard) throws IOException {
    for (Part part : plan.parts()) {
      if (part.whole()) {
        guard.removeRepo(part.repo(), () -> repos.removeRepo(part.repo()));
      } else {
        guard.removeCommits(
            part.repo(), () -> repos.removeCommits(part.repo(), part.revisions(), part.commits()));
      }
    }
    List<BlobKey> blobs = new ArrayList<>(plan.blobs().keySet());
    List<PartialKey> pieces = new ArrayList<>(plan.pieces());
    Tally tally = new Tally();
    blobs.forEach(tally::remove);
    for (PartialKey key : pieces) {
      try {
        var _ = partials.evict(key);
      } catch (IOException e) {
        log.warn("The pieces of {} stay: {}", key.blob().digest().hex(), e.toString());
      }
    }
    for (Part part : plan.parts()) {
      if (part.whole()) {
        removeRest(part.repo(), tally);
      }
    }
    return tally.outcome();
  }

  /** Removes what was published while the metadata went, and the folders if they are empty. */
  private void removeRest(RepoId repo, Tally tally) {
    try {
      for (Path file : disk.list(layout.repoBlobs(repo))) {
        Optional<Digest> digest = RemovalPlanner.digest(String.valueOf(file.getFileName()));
        digest.ifPresent(name -> tally.removeAgain(BlobKey.of(repo.folderName(), name)));
      }
      Path folder = layout.repos().resolve(repo.folderName());
      for (Path child : disk.list(folder)) {
        removeIfEmpty(child);
      }
      removeIfEmpty(folder);
      disk.forceFolder(layout.repos());
    } catch (IOException e) {
      log.warn("The folder of {} stays: {}", repo, e.toString());
    }
  }

  private void removeIfEmpty(Path folder) throws IOException {
    boolean isFolder = disk.attributes(folder).filter(Disk.Attributes::folder).isPresent();
    if (isFolder && disk.list(folder).isEmpty()) {
      try {
        disk.delete(folder);
      } catch (IOException e) {
        // Something was put into it just now.
        log.debug("{} stays", folder, e);
      }
    }
  }

  /** Counts what goes. For one thread. */
  private final class Tally {
    private final List<BlobKey> inUse = new ArrayList<>();
    private long files;
    private long bytes;
    private long failed;

    void remove(BlobKey key) {
      try {
        long freed = published.evict(key);
        bytes += freed;
        boolean there =
            freed == 0 && layout.paths(key).filter(paths -> isThere(paths.blob())).isPresent();
        if (there) {
          inUse.add(key);
        } else if (freed > 0) {
          files++;
        }
      } catch (IOException e) {
        failed++;
        log.warn("{} could not be removed: {}", key.digest().hex(), e.toString());
      }
    }

    private boolean isThere(Path path) {
      try {
        return disk.attributes(path).isPresent();
      } catch (IOException e) {
        log.debug("{} counts as there", path, e);
        return true;
      }
    }

    /** Removes what is not known to be in use already. */
    void removeAgain(BlobKey key) {
      if (!inUse.contains(key)) {
        remove(key);
      }
    }

    Outcome outcome() {
      return new Outcome(files, bytes, inUse.size(), failed);
    }
  }
}
