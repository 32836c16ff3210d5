package io.intrahub.hub;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A revision that a client requests: a branch, a tag, {@code refs/pr/N}, {@code refs/convert/X},
 * {@code HEAD}, a commit or an abbreviation of one.
 *
 * <p>Git's own rules for ref names apply (git-check-ref-format), so that a value can be repeated in
 * a header and can never leave its folder. {@code ~parquet}, DuckDB's short form, is read as {@code
 * refs/convert/parquet}.
 *
 * @param value decoded, with plain slashes
 */
public record Revision(String value) {
  private static final int MAX_BYTES = 255;

  /** The default branch, whatever its name: what {@code /api/models/{id}} alone refers to. */
  public static final Revision DEFAULT = new Revision("HEAD");

  /** The branch that the Hub's clients ask for unless they are told another one. */
  public static final Revision MAIN = new Revision("main");

  /** Checks the rules; use {@link #parse} for text from outside. */
  public Revision {
    if (!isValid(value)) {
      throw new IllegalArgumentException("not a revision: " + value);
    }
  }

  /** Returns the revision, or empty if the text is not a valid one. Never throws. */
  public static Optional<Revision> parse(String text) {
    String value = text.startsWith("~") ? "refs/convert/" + text.substring(1) : text;
    return isValid(value) ? Optional.of(new Revision(value)) : Optional.empty();
  }

  private static boolean isValid(String value) {
    if (value.isEmpty()
        || value.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES
        || value.endsWith(".")
        || value.contains("..")
        || value.contains("@{")) {
      return false;
    }
    for (String part : value.split("/", -1)) {
      if (part.isEmpty() || part.startsWith(".") || part.endsWith(".lock")) {
        return false;
      }
    }
    return value.chars().allMatch(Revision::isAllowed) && !UnicodeText.hasLoneSurrogate(value);
  }

  private static boolean isAllowed(int c) {
    return c > ' ' && c != 0x7f && "\\~^:?*[".indexOf(c) < 0 && !UnicodeText.isInvisible(c);
  }

  /** Returns the commit if the revision is a full commit hash, which can never move. */
  public Optional<CommitHash> asCommit() {
    return CommitHash.parse(value);
  }

  @Override
  public String toString() {
    return value;
  }
}
