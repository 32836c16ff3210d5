package io.intrahub.access;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** Keeps grants in a map of the test's. */
record MapGrants(Map<Grant, Instant> seen) implements GrantStore {
  @Override
  public Optional<Instant> confirmedAt(Grant grant) {
    return Optional.ofNullable(seen.get(grant));
  }

  @Override
  public void remember(Grant grant, Instant confirmedAt) {
    seen.put(grant, confirmedAt);
  }

  @Override
  public void forget(Grant grant) {
    seen.remove(grant);
  }

  @Override
  public void forgetAll(Authority.TokenHolder holder) {
    seen.keySet().removeIf(grant -> grant.authority().equals(holder));
  }
}
