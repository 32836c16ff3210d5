package io.intrahub.access;

import java.util.Optional;

/**
 * One asker of one request.
 *
 * @param authority the key under which what is learned for this asker is kept
 * @param token to pass on to upstream, present exactly for a {@link Authority.TokenHolder}
 */
public record Caller(Authority authority, Optional<AccessToken> token) {
  /** The asker without a token. */
  public static final Caller ANONYMOUS = new Caller(new Authority.Anonymous(), Optional.empty());

  /** Whether no token came with the request. */
  public boolean isAnonymous() {
    return token.isEmpty();
  }
}
