package io.intrahub.hub;

import java.time.Duration;
import java.util.Optional;

/**
 * Errors for requests that go beyond a limit, of the Hub, of the mirror or of one client. Each
 * names the limit, and those that may succeed later say when to ask again.
 */
public final class LimitErrors {
  private LimitErrors() {}

  /**
   * Upstream answers nothing for a while, because it was asked too often, or is not asked so that
   * other clients can.
   *
   * @param what was asked for
   * @param reason what upstream said, or which share of its calls is used up
   * @param left for how long, if upstream said so
   */
  public static HubError rateLimited(String what, String reason, Optional<Duration> left) {
    int seconds = left.map(d -> (int) Math.clamp(d.toSeconds(), 1, 300)).orElse(1);
    return new HubError(
        503,
        Optional.empty(),
        "The Hub can't be asked for "
            + what
            + " now: "
            + reason
            + (left.isPresent() ? " for another " + seconds + " s" : "")
            + ". What is stored here can be loaded meanwhile. Try again later.",
        Optional.of(seconds),
        Optional.of(HubError.Limit.RATE));
  }

  /** The mirror has no capacity for the request now, and did not ask upstream. */
  public static HubError upstreamBusy(String what, String reason) {
    return new HubError(
        503,
        Optional.empty(),
        "The mirror can't load " + what + " now: " + reason + ". Try again later.",
        Optional.of(10),
        Optional.of(HubError.Limit.CAPACITY));
  }

  /** A limit of the mirror itself was reached; the same request may succeed a moment later. */
  public static HubError overloaded(String reason) {
    return new HubError(
        503,
        Optional.empty(),
        "intrahub is busy: " + reason + ". Try again later.",
        Optional.of(2),
        Optional.of(HubError.Limit.CAPACITY));
  }

  /**
   * The client's share of the memory for what is buffered is used up, as it is when all of it is.
   *
   * @param what there is no memory for
   */
  public static HubError memoryShareSpent(String what) {
    return overloaded("this client's share of memory.budget has no space left for " + what);
  }

  /**
   * One client exceeds its limit.
   *
   * @param message names the limit
   */
  public static HubError tooManyRequests(String message, Duration retryAfter) {
    return new HubError(
        429,
        Optional.empty(),
        message,
        Optional.of((int) Math.clamp(retryAfter.toSeconds(), 1, 300)));
  }

  /** The request carries more than any client needs. */
  public static HubError tooLarge(String message) {
    return HubError.of(413, message);
  }

  /** The request did not arrive in time. */
  public static HubError requestTimeout(String message) {
    return HubError.of(408, message);
  }
}
