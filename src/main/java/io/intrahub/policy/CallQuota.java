package io.intrahub.policy;

import java.time.Duration;
import java.time.Instant;

/**
 * How many calls an upstream allows one identity until the end of the current window, as far as its
 * answers say. An immutable value with pure functions: no clock and no I/O.
 *
 * <p>The count of an answer includes neither the calls that are under way nor those that follow, so
 * all questions take the number of calls in flight and subtract it. As long as nobody else uses the
 * same identity, the mirror therefore never makes more calls than are allowed.
 *
 * @param limit calls of a whole window; 0 if no answer said so, or left any
 * @param left calls that the answers left, not negative
 * @param ends when the window ends
 * @param window how long a window lasts
 * @param told whether an answer said this; otherwise it is what a window is expected to begin with
 * @param believed false if upstream answers although it says that no call is left: then only its
 *     429 counts
 */
public record CallQuota(
    long limit, long left, Instant ends, Duration window, boolean told, boolean believed) {
  /** Answers round the end of the window to whole seconds. */
  private static final Duration ROUNDING = Duration.ofSeconds(1);

  /**
   * What one successful answer says.
   *
   * @param limit calls of a whole window; 0 if it does not say
   * @param left calls that it leaves
   * @param resets until the window ends, from some moment between the two below
   * @param window how long a window lasts; zero if it does not say
   * @param sent when the call was sent
   * @param received when its answer arrived
   */
  public record Statement(
      long limit, long left, Duration resets, Duration window, Instant sent, Instant received) {
    private Instant earliestEnd() {
      return sent.plus(resets).minus(ROUNDING);
    }

    private Instant latestEnd() {
      return received.plus(resets).plus(ROUNDING);
    }
  }

  /**
   * What the first answer in a window says.
   *
   * @param inFlight other calls that have no answer yet, which may be counted already
   */
  public static CallQuota of(Statement said, int inFlight) {
    return new CallQuota(
        Math.max(said.limit(), said.left()),
        said.left(),
        said.latestEnd(),
        said.window().isZero() ? said.resets() : said.window(),
        true,
        said.left() > 0 || (said.limit() > 0 && said.limit() <= inFlight + 1L));
  }

  /**
   * The quota after a further answer, which may have overtaken others.
   *
   * @param inFlight other calls that have no answer yet
   */
  public CallQuota after(Statement said, int inFlight) {
    CallQuota now = at(said.received());
    CallQuota next = of(said, inFlight);
    if (!now.told || said.earliestEnd().isAfter(now.ends)) {
      return said.limit() > 0 ? next : next.withLimit(Math.max(limit, next.limit));
    }
    if (said.latestEnd().isBefore(now.ends.minus(ROUNDING.multipliedBy(2)))) {
      // Of an earlier window.
      return now;
    }
    return new CallQuota(
        Math.max(now.limit, next.limit),
        Math.min(now.left, next.left),
        now.ends.isBefore(next.ends) ? now.ends : next.ends,
        now.window,
        true,
        now.believed);
  }

  private CallQuota withLimit(long calls) {
    return new CallQuota(calls, left, ends, window, told, believed);
  }

  /** The quota at a later moment: whole again after the end of the window. */
  public CallQuota at(Instant now) {
    boolean isOver = !now.isBefore(ends);
    // More than a window ahead means that the clock was set back.
    boolean isFuture = now.plus(window).plus(ROUNDING.multipliedBy(2)).isBefore(ends);
    return isOver || isFuture
        ? new CallQuota(
            limit, limit == 0 ? Long.MAX_VALUE : limit, now.plus(window), window, false, true)
        : this;
  }

  /**
   * Returns whether a call of this priority may be made.
   *
   * @param inFlight calls that have no answer yet
   */
  public boolean allows(CallPriority priority, Instant now, int inFlight) {
    return free(priority, now, inFlight) > 0;
  }

  /**
   * Returns how many calls of this priority may still be made in this window; {@link
   * Long#MAX_VALUE} if that is not known.
   *
   * @param inFlight calls that have no answer yet
   */
  public long free(CallPriority priority, Instant now, int inFlight) {
    CallQuota then = at(now);
    return then.believed ? then.left - inFlight - priority.reserve(then.limit) : Long.MAX_VALUE;
  }
}
