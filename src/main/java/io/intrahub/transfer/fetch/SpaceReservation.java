package io.intrahub.transfer.fetch;

import io.intrahub.store.PartialBlob;
import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Reserves disk space for what a transfer will write: all that is missing once the whole is wanted,
 * before that each run's part. Safe for use by many threads.
 */
final class SpaceReservation {
  private final PartialBlob partial;

  /** Held while the store makes room, which may evict; taken before the transfer's lock is. */
  private final ReentrantLock lock = new ReentrantLock();

  /** Whether room for all of it was set aside. Guarded by {@code lock}. */
  private boolean allReserved;

  SpaceReservation(PartialBlob partial) {
    this.partial = partial;
  }

  /**
   * Reserves space for all missing bytes.
   *
   * @param missing bytes of it that are not there; asked with the lock held
   * @throws IOException when there is no room
   */
  void reserveAll(LongSupplier missing) throws IOException {
    lock.lock();
    try {
      if (!allReserved) {
        partial.reserve(missing.getAsLong());
        allReserved = true;
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Reserves space for a part. What of it is not written in the end must be given to {@link
   * #release}.
   *
   * @throws IOException when there is no room
   */
  void reservePart(long bytes) throws IOException {
    lock.lock();
    try {
      if (!allReserved) {
        partial.reserve(bytes);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Of a part so many bytes were not written: others have taken them over, or nobody wants them.
   */
  void release(long bytes) {
    lock.lock();
    try {
      if (!allReserved) {
        partial.unreserve(bytes);
      }
    } finally {
      lock.unlock();
    }
  }
}
