package io.intrahub.transfer.core;

/**
 * How many connections fetch a whole blob: one at first, another one for as long as each makes the
 * whole faster, fewer when upstream limits. Time is in nanoseconds of any beginning.
 */
final class Width {
  /** Long enough for a connection to get up to speed, short enough to matter for a gigabyte. */
  private static final long WINDOW = 500_000_000L;

  /** After a step that did not pay, or after upstream complained. */
  private static final long REST = 30_000_000_000L;

  /** What another connection has to add. */
  private static final double GAIN = 1.1;

  private final int max;
  private int width = 1;

  /** Bytes per nanosecond with the connections that there were before the last step. */
  private double before;

  private boolean trying;
  private long restUntil = Long.MIN_VALUE;
  private long windowStart = Long.MIN_VALUE;
  private long bytes;

  Width(int max) {
    this.max = max;
  }

  int width() {
    return width;
  }

  /**
   * Bytes came.
   *
   * @param connections that fetch the whole now
   */
  void wrote(long n, int connections, long now) {
    if (connections < width || windowStart == Long.MIN_VALUE) {
      // The figures of a window say something only if all connections were there all the time.
      newWindow(now);
      return;
    }
    bytes += n;
    long elapsed = now - windowStart;
    if (elapsed < WINDOW) {
      return;
    }
    double rate = (double) bytes / elapsed;
    newWindow(now);
    if (trying) {
      trying = false;
      if (rate < before * GAIN) {
        width--;
        restUntil = now + REST;
        return;
      }
    }
    before = rate;
    if (width < max && now >= restUntil) {
      width++;
      trying = true;
    }
  }

  /** Upstream limits, or others wait for a connection. */
  void less(long now) {
    width = Math.max(1, width / 2);
    trying = false;
    restUntil = now + REST;
    newWindow(now);
  }

  private void newWindow(long now) {
    windowStart = now;
    bytes = 0;
  }
}
