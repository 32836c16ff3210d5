package io.intrahub.access;

import io.intrahub.access.local.TokenHash;
import java.util.Optional;

/**
 * A client's token, which is sent to upstream and nowhere else. Its text form is hidden, so that no
 * log line, metric or exception can leak it. It has no equality; compare fingerprints instead.
 */
public final class AccessToken {
  private static final int MAX_LENGTH = 1024;

  private final String value;

  private AccessToken(String value) {
    this.value = value;
  }

  /**
   * Returns the token of an {@code Authorization} header with the Bearer scheme.
   *
   * @return empty for another scheme, or if the token is empty, too long or not visible ASCII
   */
  public static Optional<AccessToken> ofAuthorization(String header) {
    String trimmed = header.strip();
    int space = trimmed.indexOf(' ');
    if (space < 0 || !trimmed.substring(0, space).equalsIgnoreCase("Bearer")) {
      return Optional.empty();
    }
    return of(trimmed.substring(space + 1).strip());
  }

  /** Returns the token with this value; empty if the value can't be a token. */
  public static Optional<AccessToken> of(String value) {
    boolean visible = value.chars().allMatch(c -> c > ' ' && c < 0x7f);
    return value.isEmpty() || value.length() > MAX_LENGTH || !visible
        ? Optional.empty()
        : Optional.of(new AccessToken(value));
  }

  /** Returns the hash by which local tokens are found. */
  public TokenHash hash() {
    return TokenHash.of(value);
  }

  /** Returns the header value for upstream. No other method reveals the token. */
  public String asAuthorization() {
    return "Bearer " + value;
  }

  @Override
  public String toString() {
    return "AccessToken[***]";
  }
}
