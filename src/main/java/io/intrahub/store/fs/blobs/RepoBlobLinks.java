package io.intrahub.store.fs.blobs;

import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.DurableFolders;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.disk.StripedLocks;
import io.intrahub.store.fs.startup.FileSystemProbe;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Gives the blobs that a repo has to itself a second name, below another name of the repo. A hard
 * link takes no space and no time, and the blob stays readable under its first name. Safe for use
 * by many threads.
 */
public final class RepoBlobLinks {
  private final Disk disk;
  private final StoreLayout layout;
  private final DurableFolders folders;
  private final BlobIndex index;
  private final Clock clock;
  private final FileSystemProbe.Features features;

  /** A blob's stripe guards what has its published name. */
  private final StripedLocks locks;

  public RepoBlobLinks(
      Disk disk,
      StoreLayout layout,
      DurableFolders folders,
      BlobIndex index,
      Clock clock,
      FileSystemProbe.Features features,
      StripedLocks locks) {
    this.disk = disk;
    this.layout = layout;
    this.folders = folders;
    this.index = index;
    this.clock = clock;
    this.features = features;
    this.locks = locks;
  }

  /**
   * Links all published blobs of a repo. Where the file system has no links, none: they are fetched
   * again when somebody asks for them.
   *
   * @throws IOException when they could not all be linked for good
   */
  public void link(RepoId from, RepoId to) throws IOException {
    if (!features.links() || disk.attributes(layout.repoBlobs(from)).isEmpty()) {
      return;
    }
    Path folder = layout.repoBlobs(to);
    folders.ensure(folder);
    for (Path blob : disk.list(layout.repoBlobs(from))) {
      Optional<Digest> digest = Digest.ofEtag(String.valueOf(blob.getFileName()));
      Optional<Disk.Attributes> facts = disk.attributes(blob);
      if (digest.isPresent() && facts.filter(Disk.Attributes::regular).isPresent()) {
        link(
            layout.paths(Optional.of(from), digest.get()),
            layout.paths(Optional.of(to), digest.get()),
            facts.get());
      }
    }
    folders.sync(folder);
  }

  private void link(StoreLayout.BlobPaths from, StoreLayout.BlobPaths to, Disk.Attributes facts)
      throws IOException {
    ReentrantLock lock = locks.of(to.key());
    lock.lock();
    try {
      disk.link(from.blob(), to.blob());
      index.put(
          to.key(),
          facts.size(),
          index.trust(from.key(), facts.size()),
          index.lastUse(from.key()).orElseGet(clock::instant));
      // Both names count for the limit of the store: the first one must not push out other blobs.
      index.giveUpFirst(from.key());
    } catch (FileAlreadyExistsException | NoSuchFileException e) {
      // It was fetched under the other name too, or has been evicted meanwhile.
    } finally {
      lock.unlock();
    }
  }
}
