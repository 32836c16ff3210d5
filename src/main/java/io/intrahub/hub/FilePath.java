package io.intrahub.hub;

import io.intrahub.base.PercentCoding;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The path of a file or directory inside a repo, with plain slashes, from the repo's root.
 *
 * <p>Names are what git allows, except dot segments in the eyes of any client: {@code a\..\b} is
 * one name to git, but leads out of its folder on Windows. Composed and decomposed Unicode are two
 * different names, as in git. A listing may name files that are not {@link #isServable}.
 *
 * @param value decoded, without a leading or trailing slash
 */
public record FilePath(String value) {
  private static final Pattern SEPARATORS = Pattern.compile("[/\\\\]");
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
      if (name.isEmpty() || name.indexOf('\0') >= 0 || hasDotSegment(name)) {
        return false;
      }
    }
    return true;
  }

  /** Returns whether a part of the text between slashes or backslashes is a dot segment. */
  static boolean hasDotSegment(String text) {
    return SEPARATORS.splitAsStream(text).anyMatch(part -> part.equals(".") || part.equals(".."));
  }

  /**
   * Returns whether the file can be requested: its name has no control or invisible characters,
   * which would mislead readers of logs and errors, no segment over 255 bytes, which no disk of a
   * client takes, and no backslash at its beginning, with which it would lead to the root on
   * Windows.
   */
  public boolean isServable() {
    if (value.startsWith("\\")) {
      return false;
    }
    for (String name : value.split("/", -1)) {
      if (name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES
          || !name.chars().allMatch(FilePath::isPrintable)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isPrintable(int c) {
    return c >= ' ' && c != 0x7f && !UnicodeText.isInvisible(c);
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
