package io.intrahub.upstream.hub;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Notices when an endpoint answers nothing at all, long before the time-outs of single calls. A
 * slow answer to one call does not count as silence: after a while without any answer, the endpoint
 * is asked a question of the monitor's own (a <i>liveness check</i>), whose answer shows that it is
 * there. No client chooses that question, so no client can make an endpoint look silent.
 *
 * <p>It uses real time, as clients do. Safe for use by many threads; the monitor of this object
 * guards all fields and is held for no I/O.
 */
final class SilenceMonitor {
  private static final Duration CHECK_AFTER = Duration.ofSeconds(2);

  /** A call that fails this part of the limit too early has met silence all the same. */
  private static final int TOLERANCE = 10;

  private final long limit;
  private final long checkAfter;
  private final LongSupplier nanos;

  /** Calls without the head of an answer. */
  private int waiting;

  /** When the last answer arrived, or the first of the calls that wait began. */
  private long since;

  /** When the last liveness check began; meaningless before the first. */
  private long lastCheck;

  private boolean checkedOnce;

  /**
   * Makes one for an endpoint that nobody has called yet.
   *
   * @param limit silence that lasts this long counts
   * @param nanos as {@link System#nanoTime}
   */
  SilenceMonitor(Duration limit, LongSupplier nanos) {
    this.limit = limit.toNanos();
    this.checkAfter = Math.min(CHECK_AFTER.toNanos(), this.limit / 2);
    this.nanos = nanos;
  }

  /** One call that waits for its answer. It is silence only after a while of its own. */
  final class Call {
    private final long began;

    private Call(long began) {
      this.began = began;
    }

    /**
     * How long until this has to be looked at again; zero if the endpoint has been silent for as
     * long as the limit, and long enough for this call to have its answer.
     *
     * @param livenessCheck run by this thread if it is time for that; it must not block
     */
    Duration look(Runnable livenessCheck) {
      long now = nanos.getAsLong();
      long quiet;
      boolean due;
      synchronized (SilenceMonitor.this) {
        quiet = now - since;
        due = quiet >= checkAfter && (!checkedOnce || now - lastCheck >= checkAfter);
        if (due) {
          checkedOnce = true;
          lastCheck = now;
        }
      }
      if (due) {
        livenessCheck.run();
      }
      long left = Math.max(limit - quiet, checkAfter - (now - began));
      long nextCheck = quiet < checkAfter ? checkAfter - quiet : checkAfter;
      return left <= 0 ? Duration.ZERO : Duration.ofNanos(Math.min(left, nextCheck));
    }

    /** The call has the head of its answer, or failed. */
    void ended() {
      synchronized (SilenceMonitor.this) {
        waiting--;
      }
    }
  }

  /** A call begins; {@link Call#ended} must follow. */
  synchronized Call began() {
    long now = nanos.getAsLong();
    if (waiting++ == 0) {
      since = now;
    }
    return new Call(now);
  }

  /** The head of an answer arrived. */
  synchronized void heard() {
    since = nanos.getAsLong();
  }

  /** Whether calls have waited for any answer for about as long as the limit. */
  synchronized boolean isSilent() {
    return waiting > 0 && nanos.getAsLong() - since >= limit - limit / TOLERANCE;
  }
}
