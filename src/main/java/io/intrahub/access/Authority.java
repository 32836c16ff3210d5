package io.intrahub.access;

/** Who asks. It is a key for caches that depend on the client, and holds no secret. */
public sealed interface Authority {
  /** A client without a token. */
  record Anonymous() implements Authority {}

  /**
   * A client with a token.
   *
   * @param fingerprint hexadecimal HMAC of the token; see {@link Fingerprints}
   */
  record TokenHolder(String fingerprint) implements Authority {
    @Override
    public String toString() {
      return "TokenHolder[" + fingerprint.substring(0, 8) + "]";
    }
  }
}
