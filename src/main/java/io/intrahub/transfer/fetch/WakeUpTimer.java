package io.intrahub.transfer.fetch;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a transfer re-examined at a given time. Only the earliest time counts: who is called then
 * says what the next one is.
 *
 * <p>Not safe for use by many threads: the transfer's lock guards it. Times are nanoseconds.
 */
final class WakeUpTimer {
  private static final Logger log = LoggerFactory.getLogger(WakeUpTimer.class);

  private final ScheduledExecutorService timer;
  private final Runnable call;

  /** The earliest call that is outstanding. */
  private long scheduledAt = Long.MAX_VALUE;

  /**
   * Creates a timer with nothing scheduled.
   *
   * @param call short; run by the timer without the lock
   */
  WakeUpTimer(ScheduledExecutorService timer, Runnable call) {
    this.timer = timer;
    this.call = call;
  }

  /** Calls at a time, unless it will do so before that. */
  void schedule(long wanted, long now) {
    // A call that is overdue is not relied on: were it lost, who waits would do so for ever.
    if (wanted >= scheduledAt && scheduledAt > now) {
      return;
    }
    scheduledAt = wanted;
    try {
      var _ = timer.schedule(call, Math.max(0, wanted - now), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("The mirror stops, and this transfer with it", e);
    }
  }

  /** A call has come. */
  void fired() {
    scheduledAt = Long.MAX_VALUE;
  }
}
