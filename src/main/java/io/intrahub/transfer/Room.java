package io.intrahub.transfer;

import io.intrahub.store.PartialBlob;
import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Sets aside what a transfer will write: all that is missing once the whole is wanted, before that
 * each run's part. Safe for use by many threads.
 */
final class Room {
  private final PartialBlob partial;

  /** Held while the store makes room, which may evict; taken before the transfer's lock is. */
  private final ReentrantLock lock = new ReentrantLock();

  /** Whether room for all of it was set aside. Guarded by {@code lock}. */
  private boolean all;

  Room(PartialBlob partial) {
    this.partial = partial;
  }

  /**
   * For the whole.
   *
   * @param missing bytes of it that are not there; asked with the lock held
   * @throws IOException when there is no room
   */
  void forAll(LongSupplier missing) throws IOException {
    lock.lock();
    try {
      if (!all) {
        partial.reserve(missing.getAsLong());
        all = true;
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * For a part. What of it is not written in the end is to be given {@link #back}.
   *
   * @throws IOException when there is no room
   */
  void forPart(long bytes) throws IOException {
    lock.lock();
    try {
      if (!all) {
        partial.reserve(bytes);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Of a part so many bytes were not written: others have taken them over, or nobody wants them.
   */
  void back(long bytes) {
    lock.lock();
    try {
      if (!all) {
        partial.unreserve(bytes);
      }
    } finally {
      lock.unlock();
    }
  }
}
