package io.intrahub.store;

import java.time.Duration;

/** What a store does for itself, whoever uses it. Safe for use by many threads. */
public interface Maintenance {
  /**
   * Walks over everything: counts the blobs, keeps the pieces of blobs that are fit for it and
   * removes what else killed writers left, moves damaged blobs to quarantine, names foreign files
   * in the log. It may take long, stops when the store is closed, and may be called again. The
   * store works before and meanwhile.
   */
  void scan();

  /**
   * Evicts blobs if the store is above its high watermark or the disk is nearly full: others write
   * to it too. For background work, about once a minute. Never throws.
   */
  void tidy();

  /**
   * Keeps when blobs were last used, so that the next start evicts in the right order. For
   * background work; {@link Store#close} does it too. Never throws.
   */
  void saveLastUses();

  /**
   * Deletes grants of tokens that can't count any more. Call it before {@link #scan}, which counts
   * the others. Never throws.
   *
   * @param life how long a grant can count after it was last confirmed, at most
   */
  void deleteGrantsOlderThan(Duration life);

  /** What the store holds now. */
  StoreUsage usage();
}
