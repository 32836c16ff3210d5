package io.intrahub.store.fs.space;

import io.intrahub.policy.EvictionOrder;
import io.intrahub.store.fs.disk.BlobKey;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * One kind of stored data that can be evicted. There are three implementations: published blobs,
 * pieces of blobs that no download has open, and the metadata of commits (manifests and stored
 * answers). A new one is registered with {@link Evictor#add} in {@code FsStore}. Safe for use by
 * many threads, except where a method says otherwise.
 */
public interface Evictable {
  /** One item that can be evicted; its text form names it in the log. */
  interface Item {
    /**
     * Removes the item. This locks the stripe of its blob or file, so the caller must hold none.
     *
     * @return the bytes that were freed; 0 if the item was not there or is in use by now
     * @throws IOException when it could not be removed; it is unchanged
     */
    long evict() throws IOException;

    /** The blob that the item is, or is a part of; empty for metadata. */
    default Optional<BlobKey> blob() {
      return Optional.empty();
    }
  }

  /**
   * The disk space of all items together, in bytes, whether they can be evicted now or not. Space
   * held by a {@link DiskBudget.Reservation} is not included.
   */
  long bytes();

  /**
   * Adds the items that could be evicted now. This may read all manifests. For one thread at a
   * time, which holds no lock but the evictor's.
   */
  void candidates(Instant now, List<EvictionOrder.Candidate<Item>> to);
}
