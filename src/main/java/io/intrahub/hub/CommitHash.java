package io.intrahub.hub;

import java.util.Optional;

/**
 * A git commit: 40 lower-case hexadecimal digits. What it names never changes.
 *
 * @param hex the digits
 */
public record CommitHash(String hex) {
  /** Checks the form; code that has text from outside calls {@link #parse} instead. */
  public CommitHash {
    if (!Hex.isLowerHex(hex, 40)) {
      throw new IllegalArgumentException("not a commit: " + hex);
    }
  }

  /** The commit, or empty when the text is not one. Total: never throws. */
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
