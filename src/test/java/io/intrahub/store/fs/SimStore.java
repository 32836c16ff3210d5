package io.intrahub.store.fs;

import io.intrahub.store.StoreException;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A store on a disk in memory that can be killed and opened again. Only its lock is a real file.
 * For one thread.
 */
public final class SimStore {
  /** Sorts of calls to the disk. */
  public enum Call {
    WRITE,
    READ,
    FORCE,
    LINK,
    NAME
  }

  private final Path root;
  private final Clock clock;
  private final RandomGenerator random;
  private final SimDisk disk;
  private @Nullable FsStore store;

  /**
   * A disk with nothing on it.
   *
   * @param root a folder that is there
   */
  public SimStore(Path root, Clock clock, RandomGenerator random) {
    this.root = root;
    this.clock = clock;
    this.random = random;
    this.disk = new SimDisk(root, clock, random);
  }

  /** Opens the store as a new process does. */
  public FsStore open() throws StoreException {
    store = FsStore.open(root, clock, new DiskBudgetSettings(0, 0, 95, 90), disk, random);
    return store;
  }

  /** Whether this was thrown by the death of the process. */
  public static boolean isDeath(Throwable thrown) {
    return thrown instanceof SimFaults.Killed;
  }

  /** The process is gone. */
  public void kill() {
    release();
    disk.kill();
  }

  /** The power goes, and with it what was not forced. */
  public void cutPower() {
    release();
    disk.cutPower();
  }

  private void release() {
    if (store != null) {
      store.release();
      store = null;
    }
  }

  /** The process dies in the middle of the N-th call to the disk from now. */
  public void dieAt(int n) {
    disk.faults.dieAt(n);
  }

  /** The N-th call of a sort from now fails. */
  public void failAt(Call call, int n) {
    disk.faults.failAt(call, n);
  }

  /** Nothing fails any more. */
  public void heal() {
    disk.faults.heal();
  }

  /** Calls that failed so far. */
  public int failures() {
    return disk.faults.failures();
  }

  /** Of these, those after which what was there need not be found again: all but writing. */
  public int harmfulFailures() {
    return disk.faults.harmful();
  }

  public int openFiles() {
    return disk.openFiles();
  }

  /** Files of blobs that are not published. */
  public List<String> partialFiles() {
    return disk.filesBelow(root).stream().filter(name -> name.contains("/partial/")).toList();
  }

  /** A planted bug: the bytes of blobs are never forced. */
  public void skipForcingData() {
    disk.skipsForcingData = true;
  }
}
