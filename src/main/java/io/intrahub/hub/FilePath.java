package io.intrahub.hub;

import io.intrahub.base.PercentCoding;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The path of a file or directory inside a repo, with plain slashes, from the repo's root.
 *
 * <p>Names are what git allows, except what only serves to attack or mislead: empty and dot
 * segments, backslashes, control and invisible characters, and names over 255 bytes. Composed and
 * decomposed Unicode are two different names, as in git.
 *
 * @param value decoded, without a leading or trailing slash
 */
public record FilePath(String value) {
  private static final int MAX_NAME_BYTES = 255;
  private static final int MAX_BYTES = 2048;

  /** Checks the rules; use {@link #parse} for text from outside. */
  public FilePath {
    if (!isValid(value)) {
      throw new IllegalArgumentException("not a path in a repo");
    }
  }

  /** Returns the path, or empty if the text is not a valid path. Never throws. */
  public static Optional<FilePath> parse(String text) {
    return isValid(text) ? Optional.of(new FilePath(text)) : Optional.empty();
  }

  private static boolean isValid(String value) {
    if (value.length() > MAX_BYTES
        || value.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES
        || UnicodeText.hasLoneSurrogate(value)) {
      return false;
    }
    for (String name : value.split("/", -1)) {
      if (name.isEmpty()
          || name.equals(".")
          || name.equals("..")
          || name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES
          || !name.chars().allMatch(FilePath::isAllowed)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isAllowed(int c) {
    return c >= ' ' && c != 0x7f && c != '\\' && !UnicodeText.isInvisible(c);
  }

  /** The last segment. */
  public String name() {
    return value.substring(value.lastIndexOf('/') + 1);
  }

  /** Returns whether this path is below {@code directory}, at any depth. */
  public boolean isUnder(FilePath directory) {
    return value.length() > directory.value.length() + 1
        && value.startsWith(directory.value)
        && value.charAt(directory.value.length()) == '/';
  }

  /** Percent-encoded with plain slashes, as clients send it in {@code /resolve/} URLs. */
  public String encoded() {
    return PercentCoding.encode(value, "/");
  }

  @Override
  public String toString() {
    return value;
  }
}
