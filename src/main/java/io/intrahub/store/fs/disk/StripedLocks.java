package io.intrahub.store.fs.disk;

import java.util.concurrent.locks.ReentrantLock;

/**
 * Many locks, one of which belongs to a key. Two keys may share one; nobody takes two. They are
 * held over a few calls to the disk, so a slow disk makes writers of one stripe wait, and hits
 * never.
 */
public final class StripedLocks {
  private static final int COUNT = 256;

  private final ReentrantLock[] locks = new ReentrantLock[COUNT];

  public StripedLocks() {
    for (int i = 0; i < COUNT; i++) {
      locks[i] = new ReentrantLock();
    }
  }

  /** The lock of this key. */
  public ReentrantLock of(Object key) {
    int hash = key.hashCode();
    return locks[(hash ^ (hash >>> 16)) & (COUNT - 1)];
  }
}
