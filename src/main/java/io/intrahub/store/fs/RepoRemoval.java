package io.intrahub.store.fs;

import io.intrahub.hub.RepoId;
import io.intrahub.store.RemovalGuard;
import io.intrahub.store.RepoStore;
import io.intrahub.store.fs.RemovalPlan.Part;
import io.intrahub.store.fs.blobs.EvictablePublishedBlobs;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.PartialKey;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.metadata.ManifestPlacements;
import io.intrahub.store.fs.partial.PartialBlobs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One removal of repos and revisions: planned when {@link RepoRemover#begin} returns it, and done
 * by {@link #run}.
 *
 * <p>The metadata goes first and then the blobs that nothing else names. If the process ends in
 * between, what is left is a store like any other, in which these blobs are the first to be
 * evicted; the same removal again removes them, too, if the repo had them to itself.
 *
 * <p>A commit whose manifest is stored after the plan was made keeps the blobs that it names: the
 * removal reads each such manifest before it removes another blob, and no manifest gets its name
 * while a blob is being removed.
 *
 * <p>For one thread.
 */
public final class RepoRemoval implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RepoRemoval.class);

  private final Disk disk;
  private final StoreLayout layout;
  private final RepoStore repos;
  private final EvictablePublishedBlobs published;
  private final PartialBlobs partials;
  private final RemovalPlanner planner;
  private final ManifestPlacements.Watch newManifests;
  private final RemovalPlan plan;

  /** What still has to go. */
  private final RemovableBlobs blobs;

  private long files;
  private long bytes;
  private long inUse;
  private long failed;

  RepoRemoval(
      Disk disk,
      StoreLayout layout,
      RepoStore repos,
      EvictablePublishedBlobs published,
      PartialBlobs partials,
      RemovalPlanner planner,
      ManifestPlacements.Watch newManifests,
      RemovalPlan plan,
      RemovableBlobs blobs) {
    this.disk = disk;
    this.layout = layout;
    this.repos = repos;
    this.published = published;
    this.partials = partials;
    this.planner = planner;
    this.newManifests = newManifests;
    this.plan = plan;
    this.blobs = blobs;
  }

  /**
   * What was removed.
   *
   * @param files number of published blobs
   * @param bytes of these
   * @param inUse number of blobs that stay until they are evicted, because somebody reads or writes
   *     them
   * @param spared number of blobs that stay because a commit names them that was stored after the
   *     plan was made
   * @param failed number of blobs that could not be removed; the log says why
   */
  public record Outcome(long files, long bytes, long inUse, long spared, long failed) {}

  /** What goes and what stays, as far as it was known at the beginning. */
  public RemovalPlan plan() {
    return plan;
  }

  /**
   * Removes what the plan says, unless it is in use by now or another commit names it. To be called
   * once.
   *
   * @throws IOException if some of the metadata could not be removed, and then no blob is; or if
   *     the thread was interrupted
   */
  public Outcome run(RemovalGuard guard) throws IOException {
    for (Part part : plan.parts()) {
      if (part.whole()) {
        guard.removeRepo(part.repo(), () -> repos.removeRepo(part.repo()));
      } else {
        guard.removeCommits(
            part.repo(), () -> repos.removeCommits(part.repo(), part.revisions(), part.commits()));
      }
    }
    for (Part part : plan.parts()) {
      if (part.whole()) {
        addPublishedSince(part.repo());
      }
    }
    removeBlobs();
    removePieces();
    for (Part part : plan.parts()) {
      if (part.whole()) {
        removeFolders(part.repo());
      }
    }
    return new Outcome(files, bytes, inUse, blobs.sharedFiles() - plan.shared().files(), failed);
  }

  /** Ends the watch for new manifests. */
  @Override
  public void close() {
    newManifests.close();
  }

  /** Adds what a repo got between the plan and the removal of its metadata. */
  private void addPublishedSince(RepoId repo) {
    try {
      blobs.addOwn(repo);
    } catch (IOException e) {
      log.warn("The folder of {} stays: {}", repo, e.toString());
    }
  }

  private void removeBlobs() throws IOException {
    spareNewlyNamed();
    for (Optional<BlobKey> next = blobs.nextBlob(); next.isPresent(); next = blobs.nextBlob()) {
      BlobKey key = next.get();
      if (newManifests.runUnlessPlaced(() -> remove(key))) {
        blobs.remove(key);
      } else {
        spareNewlyNamed();
      }
    }
  }

  private void removePieces() throws IOException {
    for (Optional<PartialKey> next = blobs.nextPieces();
        next.isPresent();
        next = blobs.nextPieces()) {
      PartialKey key = next.get();
      if (newManifests.runUnlessPlaced(() -> remove(key))) {
        blobs.remove(key);
      } else {
        spareNewlyNamed();
      }
    }
  }

  private void spareNewlyNamed() throws IOException {
    for (ManifestPlacements.Placed placed : newManifests.take()) {
      planner.spareNamed(placed.repo(), placed.commit(), blobs);
    }
  }

  private void remove(BlobKey key) {
    try {
      long freed = published.evict(key);
      bytes += freed;
      boolean there =
          freed == 0 && layout.paths(key).filter(paths -> isThere(paths.blob())).isPresent();
      if (there) {
        inUse++;
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

  private void remove(PartialKey key) {
    try {
      var _ = partials.evict(key);
    } catch (IOException e) {
      log.warn("The pieces of {} stay: {}", key.blob().digest().hex(), e.toString());
    }
  }

  /** Removes the folders of a repo that are empty. */
  private void removeFolders(RepoId repo) {
    try {
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
}
