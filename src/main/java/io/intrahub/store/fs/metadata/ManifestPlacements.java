package io.intrahub.store.fs.metadata;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Orders new manifests and the removal of blobs, so that no blob is removed that a manifest in its
 * place names. Safe for use by many threads.
 *
 * <p>Lock order: the lock of a manifest's path, then this class's lock, then the stripe of a blob.
 */
public final class ManifestPlacements {
  /** Shared by threads that put a manifest in its place; exclusive for a removal. */
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

  private final Set<Watch> watches = ConcurrentHashMap.newKeySet();

  /** Changes the disk. */
  public interface Step {
    /** Makes the change. */
    void run() throws IOException;
  }

  /** A manifest that was put in its place. It may have been removed since. */
  public record Placed(RepoId repo, CommitHash commit) {}

  /** Gives a manifest its name, and tells all watches. */
  void place(RepoId repo, CommitHash commit, Step rename) throws IOException {
    lock.readLock().lock();
    try {
      rename.run();
    } finally {
      // Not before: a watch reads the manifest as soon as it is told. And also after a failure,
      // which leaves open whether the file has its name.
      watches.forEach(watch -> watch.placed.add(new Placed(repo, commit)));
      lock.readLock().unlock();
    }
  }

  /**
   * Begins to note manifests. Each is either in its place when this returns, or is noted.
   *
   * @return to be closed
   */
  public Watch watch() {
    Watch watch = new Watch();
    lock.writeLock().lock();
    try {
      watches.add(watch);
    } finally {
      lock.writeLock().unlock();
    }
    return watch;
  }

  /** The manifests that were put in their places since it began. For one thread. */
  public final class Watch implements AutoCloseable {
    private final Set<Placed> placed = ConcurrentHashMap.newKeySet();

    private Watch() {}

    /** Returns those that were not returned before, or were replaced since. */
    public List<Placed> take() {
      List<Placed> taken = List.copyOf(placed);
      taken.forEach(placed::remove);
      return taken;
    }

    /**
     * Makes a change while no manifest is put in its place.
     *
     * @return false if nothing was done, because {@link #take} would return a manifest
     * @throws IOException if the change failed
     */
    public boolean runUnlessPlaced(Step step) throws IOException {
      lock.writeLock().lock();
      try {
        if (!placed.isEmpty()) {
          return false;
        }
        step.run();
        return true;
      } finally {
        lock.writeLock().unlock();
      }
    }

    @Override
    public void close() {
      watches.remove(this);
    }
  }
}
