package io.intrahub.hub;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * What a client asks for: a branch, a tag, {@code refs/pr/N}, {@code refs/convert/X}, {@code HEAD},
 * a commit or an abbreviation of one.
 *
 * <p>Git's own rules for ref names are kept (git-check-ref-format), so that a value can be echoed
 * in a header and can never climb out of a folder. {@code ~parquet}, DuckDB's short form, is read
 * as {@code refs/convert/parquet}.
 *
 * @param value decoded, with plain slashes
 */
public record Revision(String value) {
  private static final int MAX_BYTES = 255;

  /** The default branch, whatever its name is: what {@code /api/models/{id}} alone stands for. */
  public static final Revision DEFAULT = new Revision("HEAD");

  /** Checks the rules; code that has text from outside calls {@link #parse} instead. */
  public Revision {
    if (!isValid(value)) {
      throw new IllegalArgumentException("not a revision: " + value);
    }
  }

  /** The revision, or empty when the text can't be one. Total: never throws. */
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

  /** The commit, when the revision is a whole commit hash and so can never move. */
  public Optional<CommitHash> asCommit() {
    return CommitHash.parse(value);
  }

  @Override
  public String toString() {
    return value;
  }
}
