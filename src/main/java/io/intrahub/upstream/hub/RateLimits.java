package io.intrahub.upstream.hub;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.upstream.UpstreamFailure;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Remembers until when an endpoint answers 429, so that no call is made that is known to be
 * refused. The Hub counts by account, or by address for callers without a token, and has a quota of
 * its own for each {@link Quota}; so does this class.
 *
 * <p>Limits that end within {@link RetryPolicy#RATE_LIMIT_WAIT} are not kept: the call that met
 * them waits for their end. Safe for use by many threads.
 */
final class RateLimits {
  /** The Hub's window. What claims to last longer is asked again after this time. */
  private static final Duration LONGEST = Duration.ofMinutes(5);

  private static final int MAX_LIMITS = 1_000;

  /** What the Hub counts separately (HP 8). */
  enum Quota {
    /** Everything under {@code /api}. */
    API,
    /** {@code resolve} and its second hop. */
    RESOLVERS,
    /** Pages and raw files. */
    PAGES;

    /** The one that a call of this target counts against. */
    static Quota of(String target) {
      return target.startsWith("/api/") ? API : PAGES;
    }
  }

  private record Key(Endpoint endpoint, Authority authority, Quota quota) {}

  private record Limit(UpstreamFailure failure, Instant until) {}

  private final Clock clock;
  private final Cache<Key, Limit> limits = Caffeine.newBuilder().maximumSize(MAX_LIMITS).build();

  RateLimits(Clock clock) {
    this.clock = clock;
  }

  /** The limit that a call would meet now, with the time that is left of it. */
  Optional<UpstreamFailure> find(Endpoint endpoint, Caller caller, Quota quota) {
    Limit limit = limits.getIfPresent(new Key(endpoint, caller.authority(), quota));
    if (limit == null) {
      return Optional.empty();
    }
    Duration left = Duration.between(clock.instant(), limit.until());
    // More than the longest means that the clock was set back.
    return left.isPositive() && left.compareTo(LONGEST) <= 0
        ? Optional.of(limit.failure().withRetryAfter(left))
        : Optional.empty();
  }

  /**
   * A call failed.
   *
   * @param purpose of the call: what a client's own call meets that is made without a token, or
   *     with the mirror's, must not keep other clients from theirs, because that client chose its
   *     target
   */
  void failed(
      Endpoint endpoint,
      Caller caller,
      Quota quota,
      CallPurpose.Purpose purpose,
      UpstreamFailure failure) {
    boolean shared = caller.isAnonymous() || caller.requester().isPresent();
    boolean chosen = purpose == CallPurpose.Purpose.PASS_ON && shared;
    if (chosen || failure.kind() != UpstreamFailure.Kind.RATE_LIMITED) {
      return;
    }
    failure
        .retryAfter()
        .filter(wait -> wait.compareTo(RetryPolicy.RATE_LIMIT_WAIT) > 0)
        .map(wait -> wait.compareTo(LONGEST) > 0 ? LONGEST : wait)
        .ifPresent(wait ->
            limits.put(
                new Key(endpoint, caller.authority(), quota),
                new Limit(failure, clock.instant().plus(wait))));
  }
}
