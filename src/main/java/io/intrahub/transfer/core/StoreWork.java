package io.intrahub.transfer.core;

/**
 * What is under way in the store beside reading and writing: the hash that follows the front, the
 * sync, the publishing. One of each at a time. Times are in nanoseconds of any beginning.
 */
final class StoreWork {
  private final TransferLimits limits;
  private final long size;
  private long hashed;
  private boolean hashing;
  private boolean publishing;

  /** Bytes that were written since the last sync began. */
  private long unsynced;

  private boolean syncing;
  private long syncedAt;

  StoreWork(TransferLimits limits, long size, long now) {
    this.limits = limits;
    this.size = size;
    this.syncedAt = now;
  }

  void wrote(long n) {
    unsynced += n;
  }

  long hashed() {
    return hashed;
  }

  void hashed(long to) {
    hashed = to;
  }

  /** Whether the hash would be worth waking for a front that is here. */
  boolean isHashWorth(long front) {
    return front > hashed && (front - hashed >= limits.hashStep() || front == size);
  }

  boolean isHashDue(long front) {
    return !hashing && !publishing && isHashWorth(front);
  }

  void hashBegins() {
    hashing = true;
  }

  void hashStops() {
    hashing = false;
  }

  boolean isSyncDue(long now) {
    boolean due = unsynced >= limits.syncBytes() || now - syncedAt >= limits.syncTime().toNanos();
    return !syncing && unsynced > 0 && due;
  }

  void syncBegins() {
    syncing = true;
    unsynced = 0;
  }

  void synced(long now) {
    syncing = false;
    syncedAt = now;
  }

  /** Whether all is in the hash, and nothing else goes on. */
  boolean isPublishDue() {
    return hashed == size && !isBusy();
  }

  void publishBegins() {
    publishing = true;
  }

  void publishEnds() {
    publishing = false;
  }

  boolean isBusy() {
    return hashing || syncing || publishing;
  }
}
