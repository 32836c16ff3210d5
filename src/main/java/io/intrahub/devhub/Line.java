package io.intrahub.devhub;

import java.util.concurrent.TimeUnit;

/**
 * A bandwidth limit in real time, for one answer or shared by many. It compensates for a late
 * sender by at most a tenth of a second, so that the rate holds on a busy machine. Its own lock
 * guards it.
 */
final class Line {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final long bytesPerSecond;
  private boolean begun;
  private long free;

  Line(long bytesPerSecond) {
    if (bytesPerSecond <= 0) {
      throw new IllegalArgumentException("a line needs a speed, not " + bytesPerSecond);
    }
    this.bytesPerSecond = bytesPerSecond;
  }

  /** How much is sent at once: a twentieth of a second, so that it flows. */
  long step() {
    return Math.clamp(bytesPerSecond / 20, 1, Sender.CHUNK);
  }

  /**
   * Takes so many bytes that were just sent.
   *
   * @return nanoseconds to wait before the next ones
   */
  synchronized long carry(int bytes, long now) {
    if (!begun || free - now < -SECOND / 10) {
      free = now;
      begun = true;
    }
    free += SECOND * bytes / bytesPerSecond;
    return Math.max(0, free - now);
  }
}
