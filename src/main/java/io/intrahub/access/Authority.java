package io.intrahub.access;

/**
 * Who asks, as far as it decides what may be read: anonymous, or the holder of a token. A key for
 * caches that differ by client; it holds no secret. (Whose answers are believed is another
 * question: those of the authoritative endpoint.)
 */
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
