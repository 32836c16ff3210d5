package io.intrahub.access;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Turns tokens into fingerprints: HMAC-SHA256 with a key of this installation, so that a
 * fingerprint found in a dump can't be checked against a list of leaked tokens. Safe for use by
 * many threads.
 */
public final class Fingerprints {
  private static final String ALGORITHM = "HmacSHA256";

  private final SecretKeySpec key;

  /**
   * Creates the fingerprints of one installation.
   *
   * @param key random bytes, 32 or more, secret to this installation
   */
  public Fingerprints(byte[] key) {
    this.key = new SecretKeySpec(key, ALGORITHM);
  }

  /** Returns the caller with this token, or an anonymous one. */
  public Caller caller(Optional<AccessToken> token, String client) {
    return token
        .map(t -> new Caller(new Authority.TokenHolder(fingerprint(t)), token, client))
        .orElseGet(() -> Caller.anonymous(client));
  }

  private String fingerprint(AccessToken token) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      byte[] digest = mac.doFinal(token.asAuthorization().getBytes(StandardCharsets.US_ASCII));
      return HexFormat.of().formatHex(digest);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has " + ALGORITHM, e);
    }
  }
}
