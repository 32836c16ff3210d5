package io.intrahub.access.local;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The SHA-256 of a token, by which a local token is stored and found. A slow hash as for passwords
 * is not needed: a local token has 190 random bits, which no search finds, and a slow hash would
 * have to be computed for each request. Compared in constant time.
 */
public final class TokenHash {
  private static final int BYTES = 32;

  private final byte[] value;

  private TokenHash(byte[] value) {
    this.value = value;
  }

  /** Returns the hash of a token's text. */
  public static TokenHash of(String token) {
    try {
      return new TokenHash(
          MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Reads 64 hexadecimal digits; empty for any other text. */
  public static Optional<TokenHash> parse(String hex) {
    boolean digits = hex.length() == 2 * BYTES && hex.chars().allMatch(HexFormat::isHexDigit);
    return digits ? Optional.of(new TokenHash(HexFormat.of().parseHex(hex))) : Optional.empty();
  }

  /** Returns 64 hexadecimal digits. */
  public String hex() {
    return HexFormat.of().formatHex(value);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TokenHash hash && MessageDigest.isEqual(value, hash.value);
  }

  @Override
  public int hashCode() {
    return (value[0] & 0xff) << 24
        | (value[1] & 0xff) << 16
        | (value[2] & 0xff) << 8
        | (value[3] & 0xff);
  }

  /** Hides the hash, which would let a reader of a log recognise a token. */
  @Override
  public String toString() {
    return "TokenHash[***]";
  }
}
