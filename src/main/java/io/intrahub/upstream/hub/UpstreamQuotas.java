package io.intrahub.upstream.hub;

import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.metrics.Meters;
import io.intrahub.policy.CallPriority;
import io.intrahub.policy.CallQuota;
import io.intrahub.policy.UpstreamState;
import io.intrahub.upstream.UpstreamFailure;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * How many more calls the first authoritative endpoint allows, for those who decide whether to make
 * one, and for the operator. Safe for use by many threads.
 */
public final class UpstreamQuotas {
  private static final Authority ANONYMOUS = Caller.ANONYMOUS.authority();

  private final RateLimits limits;
  private final List<Endpoint> authoritative;

  /** The first of those. */
  private final Endpoint endpoint;

  private final Clock clock;

  /**
   * Makes one.
   *
   * @param authoritative the endpoints that count, in the order of preference, at least one
   */
  UpstreamQuotas(RateLimits limits, List<Endpoint> authoritative, Clock clock) {
    this.limits = limits;
    this.authoritative = authoritative;
    this.endpoint = authoritative.getFirst();
    this.clock = clock;
  }

  /**
   * What is left of one quota.
   *
   * @param identity {@code anonymous} for calls without a token, or {@code token} for those with
   *     the token that has the least left
   * @param quota as the endpoint names it: {@code api}, {@code resolvers} or {@code pages}
   * @param left calls until the window ends
   * @param limit calls of a whole window
   * @param resets until the window ends
   */
  public record Left(String identity, String quota, long left, long limit, Duration resets) {}

  /** Whether questions about repos may be asked in this authority's name, and which. */
  UpstreamState state(Authority authority) {
    if (!isLow(authority)) {
      return UpstreamState.REACHABLE;
    }
    return limits.allows(endpoint, authority, RateLimits.Quota.API, CallPriority.REFRESH)
        ? UpstreamState.SAVING
        : UpstreamState.LIMITED;
  }

  /** Whether no question about a repo is asked in this authority's name ahead of time. */
  public boolean isLow(Authority authority) {
    return !limits.allows(endpoint, authority, RateLimits.Quota.API, CallPriority.BACKGROUND);
  }

  /**
   * That an authoritative endpoint limits the calls in this authority's name, or did so lately, so
   * that one that has no answer in time may be waiting because of that.
   */
  public Optional<UpstreamFailure> limit(Authority authority) {
    return authoritative.stream()
        .flatMap(one -> limits.lately(one, authority).stream())
        .findFirst();
  }

  /** Whether files may be fetched in this authority's name before a client asks for them. */
  public boolean mayFetchAhead(Authority authority) {
    return !isLow(authority)
        && limits.allows(endpoint, authority, RateLimits.Quota.RESOLVERS, CallPriority.BACKGROUND);
  }

  /** What is left of each quota about which an answer has said something. */
  public List<Left> list() {
    return Stream.of(true, false)
        .flatMap(anonymous ->
            Stream.of(RateLimits.Quota.values())
                .flatMap(
                    quota -> least(anonymous, quota).map(q -> left(anonymous, quota, q)).stream()))
        .toList();
  }

  private Left left(boolean anonymous, RateLimits.Quota quota, CallQuota known) {
    return new Left(
        identity(anonymous),
        quota.word(),
        known.left(),
        known.limit(),
        Duration.between(clock.instant(), known.ends()));
  }

  private static String identity(boolean anonymous) {
    return anonymous ? "anonymous" : "token";
  }

  private Optional<CallQuota> least(boolean anonymous, RateLimits.Quota quota) {
    Stream<Authority> of =
        anonymous
            ? Stream.of(ANONYMOUS)
            : limits.known(endpoint).stream().filter(a -> !a.equals(ANONYMOUS));
    return of.flatMap(authority -> limits.quota(endpoint, authority, quota).stream())
        .filter(known -> known.limit() > 0)
        .min(Comparator.comparingLong(CallQuota::left));
  }

  void watch(Meters meters) {
    for (RateLimits.Quota quota : RateLimits.Quota.values()) {
      for (boolean anonymous : List.of(true, false)) {
        meters.watchQuota(
            quota.word(),
            identity(anonymous),
            () ->
                least(anonymous, quota)
                    .map(known -> OptionalLong.of(known.left()))
                    .orElseGet(OptionalLong::empty));
      }
    }
  }
}
