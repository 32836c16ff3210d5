package io.intrahub.config;

import java.util.Optional;

/** A token that stands in the configuration. Its text form is hidden, so that no log shows it. */
public final class Secret {
  private final String value;

  private Secret(String value) {
    this.value = value;
  }

  /** Returns the secret with this text; empty unless it is visible ASCII, as each token is. */
  static Optional<Secret> parse(String text) {
    boolean visible = text.chars().allMatch(c -> c > ' ' && c < 0x7f);
    return visible && !text.isEmpty() ? Optional.of(new Secret(text)) : Optional.empty();
  }

  /** Returns the text. No other method reveals it. */
  public String reveal() {
    return value;
  }

  @Override
  public String toString() {
    return "***";
  }
}
