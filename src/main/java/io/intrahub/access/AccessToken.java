package io.intrahub.access;

import java.util.Optional;

/**
 * A client's token, on its way to upstream and nowhere else. It never shows itself in text, so that
 * no log line, metric or exception can leak it; equality is not offered, because comparing tokens
 * is the job of their fingerprints.
 */
public final class AccessToken {
  private static final int MAX_LENGTH = 1024;

  private final String value;

  private AccessToken(String value) {
    this.value = value;
  }

  /**
   * The token of an {@code Authorization} header with the Bearer scheme.
   *
   * @return empty when the scheme is another, or the token is empty, too long or not visible ASCII
   */
  public static Optional<AccessToken> ofAuthorization(String header) {
    String trimmed = header.strip();
    int space = trimmed.indexOf(' ');
    if (space < 0 || !trimmed.substring(0, space).equalsIgnoreCase("Bearer")) {
      return Optional.empty();
    }
    return of(trimmed.substring(space + 1).strip());
  }

  /** The token with this value; empty when it can't be one. */
  public static Optional<AccessToken> of(String value) {
    boolean visible = value.chars().allMatch(c -> c > ' ' && c < 0x7f);
    return value.isEmpty() || value.length() > MAX_LENGTH || !visible
        ? Optional.empty()
        : Optional.of(new AccessToken(value));
  }

  /** The header value for upstream. The one way to get at the token. */
  public String asAuthorization() {
    return "Bearer " + value;
  }

  @Override
  public String toString() {
    return "AccessToken[***]";
  }
}
