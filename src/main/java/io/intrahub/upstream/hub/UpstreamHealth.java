package io.intrahub.upstream.hub;

import io.intrahub.policy.UpstreamState;
import java.util.List;

/**
 * What the circuit breakers of all endpoints say together. Safe for use by many threads.
 *
 * @param offline whether the operator switched upstream off
 */
record UpstreamHealth(List<Endpoint> endpoints, boolean offline) {
  /** Whether an endpoint can be asked now, as far as is known. */
  UpstreamState state() {
    return of(endpoints.stream().allMatch(e -> e.breaker().isOpen() || e.breaker().isSilent()));
  }

  /** The same for the authoritative endpoints, of which one that is silent may still be asked. */
  UpstreamState authoritative() {
    return of(
        endpoints.stream().filter(Endpoint::authoritative).allMatch(e -> e.breaker().isOpen()));
  }

  /** Whether an endpoint is reachable, or a probe of one is due or under way. */
  boolean mayAsk() {
    return !offline && endpoints.stream().anyMatch(e -> e.breaker().mayAsk());
  }

  private UpstreamState of(boolean isDown) {
    if (offline) {
      return UpstreamState.OFFLINE;
    }
    return isDown ? UpstreamState.DOWN : UpstreamState.REACHABLE;
  }
}
