package io.intrahub.access.local;

import java.time.Instant;

/**
 * What the token of a request is to this mirror. Only {@link Valid} gives a client anything; the
 * others count as no token and differ in the message for a client that is refused.
 */
public sealed interface LocalCredential {
  /** The request has no token. */
  record None() implements LocalCredential {}

  /** A local token that counts now. */
  record Valid(LocalToken token) implements LocalCredential {}

  /**
   * A local token that is too old.
   *
   * @param name its name
   * @param at when it expired
   */
  record Expired(String name, Instant at) implements LocalCredential {}

  /** Not a local token: one of the Hub, a revoked one, or made up. */
  record Unknown() implements LocalCredential {}

  /** The mirror can't read its list of local tokens, so it accepts none. */
  record Unavailable() implements LocalCredential {}
}
