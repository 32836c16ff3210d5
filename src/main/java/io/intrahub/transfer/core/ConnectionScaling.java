package io.intrahub.transfer.core;

/**
 * How many connections fetch a whole blob: one at first, another one for as long as each makes the
 * whole faster, fewer when upstream limits. Time is in nanoseconds of any beginning.
 */
final class ConnectionScaling {
  /** Long enough for a connection to get up to speed, short enough to matter for a gigabyte. */
  private static final long WINDOW = 500_000_000L;

  /** After a step that did not pay, or after upstream complained. */
  private static final long COOL_DOWN = 30_000_000_000L;

  /** What another connection has to add. */
  private static final double MIN_GAIN = 1.1;

  private final int max;
  private int target = 1;

  /** Bytes per nanosecond with the connections that there were before the last step. */
  private double before;

  private boolean trying;
  private long coolDownUntil = Long.MIN_VALUE;
  private long windowStart = Long.MIN_VALUE;
  private long bytes;

  ConnectionScaling(int max) {
    this.max = max;
  }

  int target() {
    return target;
  }

  /**
   * Bytes came.
   *
   * @param connections that fetch the whole now
   */
  void wrote(long n, int connections, long now) {
    if (connections < target || windowStart == Long.MIN_VALUE) {
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
      if (rate < before * MIN_GAIN) {
        target--;
        coolDownUntil = now + COOL_DOWN;
        return;
      }
    }
    before = rate;
    if (target < max && now >= coolDownUntil) {
      target++;
      trying = true;
    }
  }

  /** Upstream limits, or others wait for a connection. */
  void halve(long now) {
    target = Math.max(1, target / 2);
    trying = false;
    coolDownUntil = now + COOL_DOWN;
    newWindow(now);
  }

  private void newWindow(long now) {
    windowStart = now;
    bytes = 0;
  }
}
