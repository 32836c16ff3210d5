package io.intrahub.transfer.limits;

import java.util.Collection;

/** Decides how much of the bandwidth downloads get that no client waits for. */
final class BackgroundShare {
  /** No limit, in bytes per second. */
  static final long UNLIMITED = 0;

  /**
   * Bytes per second that they always get, so that one slow client does not stop them: a commit of
   * 20 GiB takes less than a day.
   */
  static final long FLOOR = 256 * 1024;

  /**
   * Bytes per second below which clients count as idle: a client that trickles has what it takes of
   * the line in any case, and must not slow down what is fetched ahead. On a line on which a
   * download gets less than this because of the others, {@link #FLOOR} is all of it.
   */
  static final long IDLE = 16 * 1024;

  /** They get one part in so many. */
  private static final int PARTS = 4;

  private static final double NANOS = 1e9;

  private BackgroundShare() {}

  /**
   * What was downloaded within a short time.
   *
   * @param clients bytes for clients
   * @param background bytes that no client waited for
   * @param nanos the length of that time, 1 or more
   */
  record Window(long clients, long background, long nanos) {
    /** What all downloads achieved together. */
    double bytesPerSecond() {
      return (clients + background) * NANOS / nanos;
    }

    /** Both times as one. */
    Window with(Window next) {
      return new Window(clients + next.clients, background + next.background, nanos + next.nanos);
    }

    private boolean isIdle() {
      return clients * NANOS / nanos < IDLE;
    }
  }

  /**
   * Decides it. With a configured rate, that is a fixed part of it. Without one, downloads take
   * what there is while clients download next to nothing, and otherwise a part of what all
   * downloads achieved together: as they slow down, clients get more of the line, and the sum
   * stays.
   *
   * @param configured bytes per second for all downloads; 0: no limit
   * @param recent the last few windows; none if it is not known what clients did
   * @param best what all downloads achieved in the best second of the last minutes, in bytes per
   *     second. In the last few windows, clients may have waited for the Hub's answers, and these
   *     downloads were perhaps held to a part of the line themselves.
   * @return bytes per second, or {@link #UNLIMITED}
   */
  static long bytesPerSecond(long configured, Collection<Window> recent, double best) {
    if (configured > 0) {
      return Math.max(1, configured / PARTS);
    }
    if (recent.isEmpty()) {
      return FLOOR;
    }
    return recent.stream().allMatch(Window::isIdle)
        ? UNLIMITED
        : Math.max(FLOOR, (long) (best / PARTS));
  }
}
