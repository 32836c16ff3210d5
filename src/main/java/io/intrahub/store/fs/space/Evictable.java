package io.intrahub.store.fs.space;

import io.intrahub.policy.EvictionOrder;
import java.io.IOException;
import java.time.Instant;
import java.util.List;

/**
 * One sort of things in the store that take room and can be given up: published blobs, or pieces
 * that nobody fetches. Safe for use by many threads, but for what says otherwise.
 */
public interface Evictable {
  /** One thing that can go; its text form names it for the log. */
  interface Item {
    /**
     * Removes it. This takes the stripe of its blob or file, so it must not be called by who has
     * one.
     *
     * @return the bytes that are free now; 0 when it was not there, or somebody uses it by now
     * @throws IOException when it could not be removed; it is as it was
     */
    long evict() throws IOException;
  }

  /**
   * What all of them take on disk, in bytes. What {@link DiskBudget.Reservation}s hold is not among
   * it.
   */
  long bytes();

  /**
   * Adds what could go. It may take as long as reading all manifests. For one thread at a time,
   * which holds no lock but that of the evictor.
   */
  void candidates(Instant now, List<EvictionOrder.Candidate<Item>> to);
}
