package io.intrahub.access;

import java.time.Instant;
import java.util.Optional;

/**
 * Keeps the grants of {@link AccessChecker} across a restart. Implemented by the store, which logs
 * a failed write; a lost grant costs only one more question to upstream. Grants of different scope
 * are independent of each other here.
 */
public interface GrantStore {
  /** Returns when upstream last confirmed this grant, unless it was revoked since. */
  Optional<Instant> confirmedAt(Grant grant);

  /** Records that upstream confirmed the grant at this moment. */
  void remember(Grant grant, Instant confirmedAt);

  /** Revokes the grant, because upstream refused the authority. */
  void forget(Grant grant);

  /** Revokes all grants of an authority, because upstream no longer accepts its token. */
  void forgetAll(Authority.TokenHolder holder);
}
