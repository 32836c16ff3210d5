package io.intrahub.hub;

import java.util.Optional;

/**
 * A git commit: 40 lower-case hexadecimal digits. Its content never changes.
 *
 * @param hex the digits
 */
public record CommitHash(String hex) {
  /** Checks the form; use {@link #parse} for text from outside. */
  public CommitHash {
    if (!Hex.isLowerHex(hex, 40)) {
      throw new IllegalArgumentException("not a commit: " + hex);
    }
  }

  /** Returns the commit, or empty if the text is not one. Never throws. */
  public static Optional<CommitHash> parse(String text) {
    return Hex.isLowerHex(text, 40) ? Optional.of(new CommitHash(text)) : Optional.empty();
  }

  /** The same commit as a revision. */
  public Revision asRevision() {
    return new Revision(hex);
  }

  @Override
  public String toString() {
    return hex;
  }
}
