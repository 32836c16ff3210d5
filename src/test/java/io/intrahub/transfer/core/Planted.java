package io.intrahub.transfer.core;

/** Bugs that a simulation can be given, to see that it finds them. */
enum Planted {
  NONE,
  /** The bytes of a blob are never forced to the disk, though the disk says so. */
  SKIPPED_FSYNC,
  /** No byte waits for the digest. */
  NO_HOLD_BACK,
  /** A piece is marked before its bytes are written. */
  MARKED_EARLY
}
