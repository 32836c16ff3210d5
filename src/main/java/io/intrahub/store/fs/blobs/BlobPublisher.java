package io.intrahub.store.fs.blobs;

import io.intrahub.hub.BlobId;
import io.intrahub.store.VerifiedFile;
import io.intrahub.store.fs.disk.Disk;
import io.intrahub.store.fs.disk.DurableFolders;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.disk.StripedLocks;
import io.intrahub.store.fs.startup.CleanShutdownMarker;
import io.intrahub.store.fs.startup.FileSystemProbe;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How a blob whose bytes are verified gets its name. See {@code docs/publish.md} for the steps and
 * their reasons. Safe for use by many threads.
 */
public final class BlobPublisher {
  private final Disk disk;
  private final DurableFolders folders;
  private final Quarantine quarantine;
  private final BlobIndex index;
  private final Clock clock;
  private final CleanShutdownMarker shutdownMarker;
  private final FileSystemProbe.Features features;

  /** A blob's stripe guards what has its published name, and what has its partial names. */
  private final StripedLocks locks;

  /** Set once, when the store is closed: nothing may be published after the lock is gone. */
  private volatile boolean closed;

  public BlobPublisher(
      Disk disk,
      DurableFolders folders,
      Quarantine quarantine,
      BlobIndex index,
      Clock clock,
      CleanShutdownMarker shutdownMarker,
      FileSystemProbe.Features features,
      StripedLocks locks) {
    this.disk = disk;
    this.folders = folders;
    this.quarantine = quarantine;
    this.index = index;
    this.clock = clock;
    this.shutdownMarker = shutdownMarker;
    this.features = features;
    this.locks = locks;
  }

  public void close() {
    closed = true;
  }

  /**
   * Makes verified bytes durable and gives them their name.
   *
   * @param file its space is transferred in the moment in which the blob counts as published
   * @throws IOException when that failed; the name is free then
   */
  public void publish(StoreLayout.BlobPaths paths, BlobId blob, VerifiedFile file)
      throws IOException {
    prepare(paths, file);
    file.force();
    // What fails from here on is the name. The bytes are verified and on the disk.
    boolean ours;
    ReentrantLock lock = locks.of(paths.key());
    lock.lock();
    try {
      ours = name(paths, blob, file.path());
    } finally {
      lock.unlock();
    }
    try {
      folders.sync(DurableFolders.parentOf(paths.blob()));
    } catch (IOException e) {
      // Nobody knows whether the name would survive. The bytes are right, but the caller was
      // promised that they are there after a power cut, so this is no success.
      if (ours) {
        unname(paths, file.path(), e);
      }
      throw e;
    }
    file.transferSpace(
        () -> index.put(paths.key(), blob.size(), BlobIndex.Trust.VERIFIED, clock.instant()));
  }

  /** What comes before the bytes are made durable: their mode, and the way to their name. */
  private void prepare(StoreLayout.BlobPaths paths, VerifiedFile file) throws IOException {
    if (closed) {
      throw new IOException("the store is closed");
    }
    shutdownMarker.publishing();
    folders.ensure(DurableFolders.parentOf(paths.blob()));
    if (features.modes()) {
      disk.setReadOnly(file.path());
    }
  }

  /**
   * Links the bytes to their name. A good blob that has the name already is kept: it may be open.
   *
   * @return whether the name is now that of these bytes
   */
  private boolean name(StoreLayout.BlobPaths paths, BlobId blob, Path data) throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        if (features.links()) {
          disk.link(data, paths.blob());
        } else if (disk.attributes(paths.blob()).isPresent()) {
          throw new FileAlreadyExistsException(paths.blob().toString());
        } else {
          disk.rename(data, paths.blob());
        }
        return true;
      } catch (FileAlreadyExistsException e) {
        Optional<Disk.Attributes> there = disk.attributes(paths.blob());
        boolean good =
            there.isPresent()
                && there.get().regular()
                && there.get().size() == blob.size()
                && !index.trust(paths.key(), blob.size()).isReplaceable();
        if (good) {
          return false;
        }
        if (attempt > 1) {
          throw e;
        }
        if (there.isPresent()) {
          quarantine.take(paths.blob(), "a verified blob takes its place");
          index.fileRemoved(paths.key());
        }
      }
    }
  }

  /** Takes the name back. Somebody may have opened the blob under it meanwhile. */
  private void unname(StoreLayout.BlobPaths paths, Path data, IOException why) {
    ReentrantLock lock = locks.of(paths.key());
    lock.lock();
    try {
      if (features.links()) {
        disk.delete(paths.blob());
      } else {
        // It was moved there: to delete it would delete the only copy.
        disk.rename(paths.blob(), data);
      }
      index.remove(paths.key());
      index.fileRemoved(paths.key());
    } catch (IOException e) {
      why.addSuppressed(e);
    } finally {
      lock.unlock();
    }
  }
}
