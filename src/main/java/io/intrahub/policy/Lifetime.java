package io.intrahub.policy;

import java.time.Duration;

/**
 * How long something that the Hub said may be used. All times count from when it was learned.
 *
 * @param renewAfter from this age it is renewed in the background, although it is fresh
 * @param ttl how long it is fresh
 * @param staleWhileRevalidate how long after {@code ttl} it is served while the mirror asks
 *     upstream in the background (RFC 5861, section 3), but never beyond {@code staleIfError}
 * @param staleIfError up to this age it is served if upstream gives no answer (RFC 5861, section
 *     4); {@link #FOREVER} has no limit
 */
public record Lifetime(
    Duration renewAfter, Duration ttl, Duration staleWhileRevalidate, Duration staleIfError) {
  /** Longer than any age. */
  public static final Duration FOREVER = Duration.ofSeconds(Long.MAX_VALUE);

  /**
   * Returns the lifetime of something that is never renewed before it expires, and that is served
   * at any age while upstream gives no answer: a name or a commit that may be outdated is better
   * than none.
   */
  public static Lifetime of(Duration ttl, Duration staleWhileRevalidate) {
    return new Lifetime(ttl, ttl, staleWhileRevalidate, FOREVER);
  }

  /** Returns how long it is welcome to a client that accepts answers that are no longer fresh. */
  Duration ttlWith(Duration maxStale) {
    return maxStale.equals(FOREVER) ? FOREVER : ttl.plus(maxStale);
  }

  /** Returns how long it is served, fresh or not, before a client waits for upstream. */
  public Duration servedFor() {
    return ttl.plus(staleWhileRevalidate);
  }
}
