package io.intrahub.transfer.limits;

import io.intrahub.transfer.limits.BackgroundShare.Window;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Limits the bytes per second that no client waits for to their {@link BackgroundShare}. Only the
 * threads that are limited measure: every half second one of them looks how many bytes clients got
 * since. Safe for use by many threads.
 */
final class BackgroundLimiter {
  /** How often is measured, in nanoseconds. */
  static final long WINDOW = 500_000_000L;

  /** How many measurements count: as long as a client may wait between two files. */
  static final int WINDOWS = 6;

  /**
   * How long the best measurement counts, in nanoseconds. Then the background has no limit for two
   * windows: while it is limited and clients are slow themselves, nothing shows how fast the line
   * is, and a part of what was achieved would become less each time.
   */
  static final long PROBE_AFTER = 600_000_000_000L;

  private static final int PROBES = 2;

  private static final Window NOTHING = new Window(0, 0, 1);

  /** A pause after which a burst is allowed again, in nanoseconds. */
  private static final long BURST = 50_000_000L;

  /** After which a thread looks again whether the clients have left, in nanoseconds. */
  private static final long LONGEST_REST = 250_000_000L;

  private static final double NANOS = 1e9;

  private final long configured;
  private final LongSupplier clients;
  private final LongSupplier nanos;

  // All below is guarded by this.
  private final Deque<Window> recent = new ArrayDeque<>();
  private long windowStart;
  private long clientsBefore;
  private long inWindow;
  private long share;
  private long paidAt;

  /**
   * What all downloads achieved in the best two windows in a row since {@link #bestAt}, in bytes
   * per second. One window is too short: what the buffers of connections held when a thread comes
   * back from a pause is more than the line carried.
   */
  private double best;

  private long bestAt;

  /** Windows without a limit that are still to come, to measure the line anew. */
  private int probes;

  /** Bytes that were read and not yet paid for; negative: a burst that is allowed. */
  private double debt;

  /**
   * Creates one that has measured nothing.
   *
   * @param configured bytes per second for all downloads; 0: no limit
   * @param clients bytes that clients got so far
   * @param nanos a time that never goes back
   */
  BackgroundLimiter(long configured, LongSupplier clients, LongSupplier nanos) {
    this.configured = configured;
    this.clients = clients;
    this.nanos = nanos;
    this.windowStart = nanos.getAsLong();
    this.paidAt = windowStart;
    this.clientsBefore = clients.getAsLong();
    this.bestAt = windowStart;
    this.share = BackgroundShare.bytesPerSecond(configured, recent, best);
  }

  /**
   * Counts bytes that were read.
   *
   * @return nanoseconds to rest before this is asked again, with no bytes; 0: read more
   */
  synchronized long account(long n) {
    long now = nanos.getAsLong();
    if (now - windowStart >= WINDOW) {
      measure(now);
    }
    inWindow += n;
    debt += n;
    pay(now);
    return debt <= 0 ? 0 : Math.min(LONGEST_REST, (long) Math.ceil(debt / share * NANOS));
  }

  private void pay(long now) {
    debt =
        share == BackgroundShare.UNLIMITED
            ? 0
            : Math.max(debt - (now - paidAt) / NANOS * share, -BURST / NANOS * share);
    paidAt = now;
  }

  private void measure(long now) {
    pay(now);
    long elapsed = now - windowStart;
    long total = clients.getAsLong();
    long byClients = total - clientsBefore;
    if (elapsed > WINDOWS * WINDOW) {
      recent.clear();
    }
    // After a long time nobody knows whether clients are still there, unless there was none.
    if (elapsed <= WINDOWS * WINDOW || byClients == 0) {
      recent.add(new Window(byClients, inWindow, elapsed));
    }
    if (recent.size() > WINDOWS) {
      recent.removeFirst();
    }
    windowStart = now;
    clientsBefore = total;
    inWindow = 0;
    rate(now, elapsed);
  }

  /** What was achieved in the best two windows in a row, in bytes per second. */
  private double achieved() {
    double most = 0;
    Iterator<Window> next = recent.iterator();
    for (Window window = next.hasNext() ? next.next() : NOTHING; next.hasNext(); ) {
      Window follower = next.next();
      most = Math.max(most, window.with(follower).bytesPerSecond());
      window = follower;
    }
    return most;
  }

  /** Decides the share after a window of this length. */
  private void rate(long now, long elapsed) {
    double achieved = achieved();
    boolean isMeasured = probes == 1 && recent.size() >= PROBES;
    boolean forgotten = elapsed > PROBE_AFTER;
    if (achieved >= best || isMeasured || forgotten) {
      best = achieved;
      bestAt = now;
    }
    share = BackgroundShare.bytesPerSecond(configured, recent, best);
    if (isMeasured) {
      probes = 0;
    } else if (probes > 1) {
      probes--;
    } else if (configured == 0 && !recent.isEmpty() && now - bestAt >= PROBE_AFTER) {
      probes = PROBES;
    }
    if (probes > 0) {
      share = BackgroundShare.UNLIMITED;
    }
  }

  /**
   * Counts bytes that were read, and rests.
   *
   * @param atLeast nanoseconds to rest in any case
   * @param stillBackground whether still no client waits for more and more is wanted; asked during
   *     a rest, which it ends
   */
  void throttle(long n, long atLeast, BooleanSupplier stillBackground) throws InterruptedException {
    long pause = Math.max(atLeast, account(n));
    while (pause > 0) {
      TimeUnit.NANOSECONDS.sleep(pause);
      pause = stillBackground.getAsBoolean() ? account(0) : 0;
    }
  }
}
