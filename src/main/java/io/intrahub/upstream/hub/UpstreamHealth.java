package io.intrahub.upstream.hub;

import io.intrahub.policy.UpstreamState;
import io.intrahub.upstream.UpstreamFailure;
import java.util.List;

/** What is known of how all endpoints answer. Safe for use by many threads. */
public final class UpstreamHealth {
  private final List<Endpoint> endpoints;
  private final boolean offline;
  private final LastAnswers lastAnswers;

  /**
   * Looks at the circuit breakers of these endpoints.
   *
   * @param offline whether the operator switched upstream off
   */
  UpstreamHealth(List<Endpoint> endpoints, boolean offline, LastAnswers lastAnswers) {
    this.endpoints = endpoints;
    this.offline = offline;
    this.lastAnswers = lastAnswers;
  }

  /** Whether an endpoint can be asked now, as far as is known. */
  UpstreamState state() {
    return of(endpoints.stream().allMatch(e -> e.breaker().isOpen() || e.breaker().isSilent()));
  }

  /** The same for the authoritative endpoints, of which one that is silent may still be asked. */
  UpstreamState authoritative() {
    return of(
        endpoints.stream().filter(Endpoint::authoritative).allMatch(e -> e.breaker().isOpen()));
  }

  private UpstreamState of(boolean isDown) {
    if (offline) {
      return UpstreamState.OFFLINE;
    }
    return isDown ? UpstreamState.DOWN : UpstreamState.REACHABLE;
  }

  /**
   * Whether an authoritative endpoint is neither unreachable nor silent, as far as is known. As for
   * {@link #isWell}, only an answer ends an outage.
   */
  public boolean isAuthorityReachable() {
    return !offline
        && endpoints.stream().filter(Endpoint::authoritative).anyMatch(e -> e.breaker().isWell());
  }

  /**
   * Whether an endpoint is neither unreachable nor silent, as far as is known. Unlike {@link
   * UpstreamState#REACHABLE} it does not hold when the pause after a failure is over: then an
   * endpoint may be asked, but nobody knows whether it answers.
   */
  public boolean isWell() {
    return !offline && endpoints.stream().anyMatch(e -> e.breaker().isWell());
  }

  /** Whether an authoritative endpoint has answered since the start, and upstream still does. */
  public boolean isKnownToAnswer() {
    return lastAnswers.isThere() && isWell();
  }

  /**
   * Whether a client for which nothing is stored may have upstream asked: it is reachable as far as
   * is known, or a probe is due or under way.
   */
  public boolean mayAsk() {
    return !offline && endpoints.stream().anyMatch(e -> e.breaker().mayAsk());
  }

  /**
   * Whether a call that failed in this way may bring an answer for the client that caused it,
   * though one that proves nothing: from an endpoint that is not authoritative, or from the store
   * of another mirror.
   */
  public boolean mayPassOn(UpstreamFailure failure) {
    return failure.kind() == UpstreamFailure.Kind.STALE_ANSWER
        || !endpoints.stream().allMatch(Endpoint::authoritative);
  }
}
