package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How a blob whose bytes are verified gets its name. See {@code docs/publish.md} for the steps and
 * their reasons. Safe for use by many threads.
 */
final class Publishing {
  private final Disk disk;
  private final Folders folders;
  private final Quarantine quarantine;
  private final BlobIndex index;
  private final Clock clock;
  private final Vitals vitals;
  private final Probe.Features features;

  /** A blob's stripe guards what has its published name, and what has its partial names. */
  private final Stripes stripes;

  /** Set once, when the store is closed: nothing may be published after the lock is gone. */
  private volatile boolean closed;

  Publishing(
      Disk disk,
      Folders folders,
      Quarantine quarantine,
      BlobIndex index,
      Clock clock,
      Vitals vitals,
      Probe.Features features,
      Stripes stripes) {
    this.disk = disk;
    this.folders = folders;
    this.quarantine = quarantine;
    this.index = index;
    this.clock = clock;
    this.vitals = vitals;
    this.features = features;
    this.stripes = stripes;
  }

  void close() {
    closed = true;
  }

  /** Whether the store is closed: its folder may be another process's now. */
  boolean closed() {
    return closed;
  }

  /** What comes before the bytes are made durable: their mode, and the way to their name. */
  void prepare(Layout.PartialPlace place) throws IOException {
    if (closed) {
      throw new IOException("the store is closed");
    }
    vitals.publishing();
    folders.ensure(Folders.parentOf(place.blob()));
    if (features.modes()) {
      disk.setReadOnly(place.data());
    }
  }

  /**
   * Gives verified, durable bytes their name.
   *
   * @param reservation ends in the moment in which the blob counts as published
   * @throws IOException when that failed; the name is free then
   */
  void publish(Layout.PartialPlace place, BlobId blob, Space.Reservation reservation)
      throws IOException {
    boolean ours;
    ReentrantLock lock = stripes.of(place.key().blob());
    lock.lock();
    try {
      ours = name(place, blob);
    } finally {
      lock.unlock();
    }
    try {
      disk.forceFolder(Folders.parentOf(place.blob()));
    } catch (IOException e) {
      // Nobody knows whether the name would survive. The bytes are right, but the caller was
      // promised that they are there after a power cut, so this is no success.
      if (ours) {
        unname(place, e);
      }
      throw e;
    }
    reservation.handOver(() ->
        index.put(place.key().blob(), blob.size(), BlobIndex.Trust.VERIFIED, clock.instant()));
  }

  /**
   * Links the bytes to their name. A good blob that has the name already is kept: it may be open.
   *
   * @return whether the name is now that of these bytes
   */
  private boolean name(Layout.PartialPlace place, BlobId blob) throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        if (features.links()) {
          disk.link(place.data(), place.blob());
        } else if (disk.facts(place.blob()).isPresent()) {
          throw new FileAlreadyExistsException(place.blob().toString());
        } else {
          disk.rename(place.data(), place.blob());
        }
        return true;
      } catch (FileAlreadyExistsException e) {
        Optional<Disk.Facts> there = disk.facts(place.blob());
        boolean good =
            there.isPresent()
                && there.get().regular()
                && there.get().size() == blob.size()
                && !index.trust(place.key().blob(), blob.size()).givesWay();
        if (good) {
          return false;
        }
        if (attempt > 1) {
          throw e;
        }
        if (there.isPresent()) {
          quarantine.take(place.blob(), "a verified blob takes its place");
        }
      }
    }
  }

  private void unname(Layout.PartialPlace place, IOException why) {
    try {
      if (features.links()) {
        disk.delete(place.blob());
      } else {
        // It was moved there: to delete it would delete the only copy.
        disk.rename(place.blob(), place.data());
      }
    } catch (IOException e) {
      why.addSuppressed(e);
    }
  }
}
