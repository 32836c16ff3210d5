package io.intrahub.transfer.core;

/**
 * How much of a content is wanted, and what becomes of it when nobody reads any more. Times are in
 * nanoseconds of any beginning.
 */
final class Demand {
  private final TransferLimits limits;
  private final long size;

  /**
   * A reader wants the whole blob, or one did before it left and enough was fetched that it is
   * finished anyway.
   */
  private boolean whole;

  /** Nobody reads, and it is finished all the same. */
  private boolean finishing;

  /** Nobody reads; it ends when nothing is under way any more, unless somebody joins. */
  private boolean pausing;

  private long reassessAt;

  Demand(TransferLimits limits, long size, long now) {
    this.limits = limits;
    this.size = size;
    lastReaderLeft(now);
  }

  void joined(boolean completing) {
    whole |= completing;
    finishing = false;
    pausing = false;
  }

  /** The last reader has left, or none has come yet. */
  void lastReaderLeft(long now) {
    reassessAt = now + limits.abandonAfter().toNanos();
  }

  /**
   * Judges a transfer that nobody reads.
   *
   * @param missing bytes that are not there
   * @param mayGoOn whether there is a source for them that may be used, and upstream is well
   */
  void reassess(long missing, boolean mayGoOn, long now) {
    if (pausing) {
      return;
    }
    if (finishing) {
      pausing = missing > 0 && !mayGoOn;
    } else if (now >= reassessAt) {
      boolean nearlyDone = missing <= limits.finishIfLeft() || missing <= size - size / 4;
      finishing = missing == 0 || (whole && nearlyDone && mayGoOn);
      pausing = !finishing;
    }
    whole &= !pausing;
  }

  boolean isWhole() {
    return whole;
  }

  boolean isFinishing() {
    return finishing;
  }

  boolean isPausing() {
    return pausing;
  }

  /** When a transfer that nobody reads is to be judged. */
  long reassessAt() {
    return reassessAt;
  }
}
