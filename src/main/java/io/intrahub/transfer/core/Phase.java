package io.intrahub.transfer.core;

/** Where a transfer is in its life. */
public enum Phase {
  /** Bytes come, or will when a reader needs them. */
  RUNNING,
  /** The content is right and published. */
  PUBLISHED,
  /** The content is another than was announced. */
  WRONG,
  /** The store could not take it. */
  STORE_FAILED,
  /** Nobody wants it now; what came is kept. */
  PAUSED
}
