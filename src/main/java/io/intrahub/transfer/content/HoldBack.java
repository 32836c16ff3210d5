package io.intrahub.transfer.content;

/**
 * How much of an unverified content is kept back from a response that completes it for its client.
 */
public final class HoldBack {
  /** Contents up to this size wait whole, status line and all, so that a bad one is a clean 503. */
  private static final long SMALL = 1024 * 1024;

  private static final long TAIL = 16 * 1024;

  private HoldBack() {}

  /** Whether a content of so many bytes waits whole. */
  public static boolean isSmall(long size) {
    return size <= SMALL;
  }

  /** The offset from which bytes wait for the digest. */
  public static long start(long size) {
    return isSmall(size) ? 0 : size - TAIL;
  }
}
