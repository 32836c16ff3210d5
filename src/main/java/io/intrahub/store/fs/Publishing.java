package io.intrahub.store.fs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import io.intrahub.store.BlobWriter;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a blob gets from a writer to its name. See {@code docs/publish.md} for the steps and their
 * reasons. Safe for use by many threads.
 */
final class Publishing {
  private static final Logger log = LoggerFactory.getLogger(Publishing.class);

  private final Disk disk;
  private final Folders folders;
  private final Space space;
  private final Quarantine quarantine;
  private final BlobIndex index;
  private final Clock clock;
  private final Vitals vitals;
  private final Probe.Features features;

  /** A blob's stripe guards what has its published name, and its partial folder. */
  private final Stripes stripes;

  /** Blobs that have a writer. An element is added and removed by the writer's owner. */
  private final Set<BlobKey> writers = ConcurrentHashMap.newKeySet();

  /** Set once, when the store is closed: nothing may be published after the lock is gone. */
  private volatile boolean closed;

  Publishing(
      Disk disk,
      Folders folders,
      Space space,
      Quarantine quarantine,
      BlobIndex index,
      Clock clock,
      Vitals vitals,
      Probe.Features features,
      Stripes stripes) {
    this.disk = disk;
    this.folders = folders;
    this.space = space;
    this.quarantine = quarantine;
    this.index = index;
    this.clock = clock;
    this.vitals = vitals;
    this.features = features;
    this.stripes = stripes;
  }

  int writers() {
    return writers.size();
  }

  void close() {
    closed = true;
  }

  /** As {@link io.intrahub.store.BlobStore#write}. */
  BlobWriter write(Layout.Place place, RepoId repo, BlobId blob) throws IOException {
    if (closed) {
      throw new IOException("the store is closed");
    }
    if (!writers.add(place.key())) {
      throw new IOException(place.blob().getFileName() + " is being written already");
    }
    Space.Reservation reservation = null;
    Disk.File file = null;
    try {
      reservation = space.reserve(blob.size());
      file = begin(place);
      return new FsBlobWriter(this, disk, quarantine, place, repo, blob, file, reservation);
    } finally {
      if (file == null) {
        if (reservation != null) {
          reservation.close();
        }
        writers.remove(place.key());
      }
    }
  }

  private Disk.File begin(Layout.Place place) throws IOException {
    Path folder = parentOf(place.data());
    folders.ensure(place.ownFolder() ? parentOf(folder) : folder);
    ReentrantLock lock = stripes.of(place.key());
    lock.lock();
    try {
      // What an earlier writer of this blob could not remove.
      drop(place);
      if (place.ownFolder()) {
        disk.createFolder(folder);
      }
      return disk.create(place.data());
    } finally {
      lock.unlock();
    }
  }

  private static Path parentOf(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalArgumentException(path + " lies in no folder");
    }
    return parent;
  }

  /** Removes what was written of a blob that has no writer. */
  private void drop(Layout.Place place) throws IOException {
    if (disk.facts(place.data()).isPresent()) {
      disk.delete(place.data());
    }
    Path folder = parentOf(place.data());
    if (place.ownFolder() && disk.facts(folder).isPresent()) {
      disk.delete(folder);
    }
  }

  /** For the walk: removes what a dead process left, unless somebody writes this blob now. */
  void dropLeftover(Layout.Place place) throws IOException {
    ReentrantLock lock = stripes.of(place.key());
    lock.lock();
    try {
      if (!writers.contains(place.key())) {
        drop(place);
      }
    } finally {
      lock.unlock();
    }
  }

  /** What comes before the bytes are made durable: their mode, and the way to their name. */
  void prepare(Layout.Place place) throws IOException {
    if (closed) {
      throw new IOException("the store is closed");
    }
    vitals.publishing();
    folders.ensure(parentOf(place.blob()));
    if (features.modes()) {
      disk.setReadOnly(place.data());
    }
  }

  /**
   * Gives verified, durable bytes their name.
   *
   * @throws IOException when that failed; the name is free then
   */
  void publish(Layout.Place place, BlobId blob) throws IOException {
    boolean ours;
    ReentrantLock lock = stripes.of(place.key());
    lock.lock();
    try {
      ours = name(place, blob);
    } finally {
      lock.unlock();
    }
    try {
      disk.forceFolder(parentOf(place.blob()));
    } catch (IOException e) {
      // Nobody knows whether the name would survive. The bytes are right, but the caller was
      // promised that they are there after a power cut, so this is no success.
      if (ours) {
        unname(place, e);
      }
      throw e;
    }
    index.put(place.key(), blob.size(), BlobIndex.Trust.VERIFIED, clock.instant());
  }

  /**
   * Links the bytes to their name. A good blob that has the name already is kept: it may be open.
   *
   * @return whether the name is now that of the bytes of this writer
   */
  private boolean name(Layout.Place place, BlobId blob) throws IOException {
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
                && index.trust(place.key(), blob.size()) != BlobIndex.Trust.SUSPECT;
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

  private void unname(Layout.Place place, IOException why) {
    try {
      disk.delete(place.blob());
    } catch (IOException e) {
      why.addSuppressed(e);
    }
  }

  /** The writer of this blob is gone. */
  void ended(Layout.Place place) {
    try {
      drop(place);
    } catch (IOException e) {
      log.warn("{} stays until the next start: {}", place.data(), e.toString());
    } finally {
      writers.remove(place.key());
    }
  }
}
