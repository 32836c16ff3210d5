package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import io.intrahub.base.Deadline;
import io.intrahub.policy.CallPriority;
import io.intrahub.policy.CallQuota;
import io.intrahub.policy.Freshness;
import io.intrahub.upstream.UpstreamFailure;
import java.io.InterruptedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one quota of one authority at one endpoint, and the calls that count against it.
 * Safe for use by many threads.
 */
final class CallAccount {
  /**
   * How long a call may wait because of a limit, with its last attempt, and its failure be
   * remembered.
   */
  private static final Duration LATELY = RetryPolicy.TIME.multipliedBy(2);

  /**
   * Longest wait for the answers to other calls, which tell whether one more is left. Much less
   * than the time after which calls without an answer make an endpoint count as silent.
   */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Clock clock;

  /** Whether calls that confirm grants count against it. */
  private final boolean isForGrants;

  // All others are guarded by "this".

  /** Calls without an answer. Threads are notified when one ends. */
  private int inFlight;

  private final ClientShares shares = new ClientShares();

  /** Whether an answer called the quota by its own name: what others are called is not it. */
  private boolean isNamed;

  private @Nullable CallQuota quota;
  private @Nullable Limit limit;

  /** When a call was last limited, however short the limit. */
  private @Nullable Instant limitedAt;

  private record Limit(UpstreamFailure failure, Instant until) {}

  /**
   * Knows nothing yet.
   *
   * @param isForGrants whether calls that confirm grants count against it, so that some are kept
   */
  CallAccount(Clock clock, boolean isForGrants) {
    this.clock = clock;
    this.isForGrants = isForGrants;
  }

  /** The limit that a call would meet now. */
  synchronized Optional<UpstreamFailure> limit(Caller caller, CallPriority priority) {
    return limit(caller, priority, inFlight);
  }

  /** The limit that a call would meet even if answers had counted all calls in flight. */
  synchronized Optional<UpstreamFailure> limitAtBest(Caller caller, CallPriority priority) {
    return limit(caller, priority, 0);
  }

  private synchronized Optional<UpstreamFailure> limit(
      Caller caller, CallPriority priority, int others) {
    Instant now = clock.instant();
    Limit told = limit;
    if (told != null) {
      Duration left = Duration.between(now, told.until());
      // More than the longest means that the clock was set back.
      if (left.isPositive() && left.compareTo(RateLimits.LONGEST) <= 0) {
        return Optional.of(told.failure().withRetryAfter(left).asUnsent());
      }
    }
    if (quota == null) {
      return Optional.empty();
    }
    CallQuota then = quota.at(now);
    boolean isFirst = priority == CallPriority.CLIENT && !isForGrants;
    long free = then.free(isFirst ? CallPriority.CONFIRM : priority, now, others);
    Duration left = Duration.between(now, then.ends());
    if (free <= 0) {
      return Optional.of(RateLimits.spent(left));
    }
    return priority != CallPriority.CLIENT || shares.allows(caller, free, then.limit(), now)
        ? Optional.empty()
        : Optional.of(
            RateLimits.spent(left)
                .withReason(
                    "this client has made its share of the calls that the Hub allows this site or"
                        + " token"));
  }

  /** A limit that there is, or was lately. */
  synchronized Optional<UpstreamFailure> lately() {
    return limit(Caller.ANONYMOUS, CallPriority.CONFIRM)
        .or(() ->
            Optional.ofNullable(limitedAt)
                .filter(at -> Freshness.isWithin(at, LATELY, clock.instant()))
                .map(_ ->
                    new UpstreamFailure(
                        UpstreamFailure.Kind.RATE_LIMITED,
                        "it limits the rate of requests of this site or token")));
  }

  /** What answers said; empty if none said anything. */
  synchronized Optional<CallQuota> quota() {
    return Optional.ofNullable(quota).map(known -> known.at(clock.instant()));
  }

  /**
   * Begins a call, or returns why it may not be made. A call in flight counts as made beside those
   * that an answer counts, which may include it. So while some are, more calls may be left than can
   * be told, and this waits for their answers.
   *
   * @throws InterruptedIOException if the thread is interrupted while it waits
   */
  synchronized Optional<UpstreamFailure> begin(Caller caller, CallPriority priority)
      throws InterruptedIOException {
    Deadline deadline = Deadline.in(PATIENCE);
    Optional<UpstreamFailure> refusal = limit(caller, priority);
    while (refusal.isPresent()
        && limitAtBest(caller, priority).isEmpty()
        && deadline.left().toMillis() > 0) {
      try {
        wait(deadline.left().toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while waiting for the rate limit");
      }
      refusal = limit(caller, priority);
    }
    Instant now = clock.instant();
    if (refusal.isPresent()) {
      limitedAt = now;
      return refusal;
    }
    inFlight++;
    if (quota != null && priority == CallPriority.CLIENT) {
      shares.began(caller, quota.at(now).ends(), now);
    }
    return Optional.empty();
  }

  /** Begins a call whether or not any more is allowed. */
  synchronized void beginRegardless() {
    inFlight++;
  }

  /** Ends a call. */
  synchronized void end() {
    inFlight--;
    notifyAll();
  }

  /** An answer limited a call, however short the limit is. */
  synchronized void limited() {
    limitedAt = clock.instant();
  }

  /** An answer limits all calls for this long. */
  synchronized void limited(UpstreamFailure failure, Duration wait) {
    limit = new Limit(failure, clock.instant().plus(wait));
  }

  /**
   * Takes what an answer said.
   *
   * @param isByName whether it called the quota by its own name
   * @param isOwn whether the call counts against this account
   */
  synchronized void heard(CallQuota.Statement statement, boolean isByName, boolean isOwn) {
    int others = inFlight - (isOwn ? 1 : 0);
    if (quota == null || (isByName && !isNamed)) {
      quota = CallQuota.of(statement, others);
    } else if (isByName == isNamed) {
      quota = quota.after(statement, others);
    }
    isNamed |= isByName;
  }
}
