package io.intrahub.hub;

import io.intrahub.base.PercentCoding;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The path of a file or directory inside a repo, with plain slashes, from the repo's root.
 *
 * <p>Names are what git allows. Composed and decomposed Unicode are two different names, as in git.
 * A listing may name files that are not {@link #isServable}.
 *
 * @param value decoded, without a leading or trailing slash
 */
public record FilePath(String value) {
  private static final Pattern SEPARATORS = Pattern.compile("[/\\\\]");
  private static final int MAX_NAME_BYTES = 255;

  /** Of a file that can be requested: no address of the Hub is longer. */
  static final int MAX_BYTES = 2048;

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
    if (UnicodeText.hasLoneSurrogate(value) || value.indexOf('\0') >= 0) {
      return false;
    }
    for (String name : value.split("/", -1)) {
      if (name.isEmpty() || name.equals(".") || name.equals("..")) {
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
   * Returns whether no client takes it for a path out of its folder: {@code a\..\b} is one name to
   * git, but two steps to Windows.
   */
  public boolean isContained() {
    return !value.startsWith("\\") && !hasDotSegment(value);
  }

  /** Returns whether the file can be requested. */
  public boolean isServable() {
    return obstacle().isEmpty();
  }

  /**
   * Returns why the file can't be requested, for a person: its name would lead out of its folder on
   * Windows, or is longer than addresses, or a part of it is longer than the disk of any client
   * takes, or it has control or invisible characters, which would mislead readers of logs and
   * errors. Empty if it can be requested.
   */
  public Optional<String> obstacle() {
    if (!isContained()) {
      return Optional.of("it leads out of its folder on Windows");
    }
    if (value.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
      return Optional.of("it is longer than " + MAX_BYTES + " bytes");
    }
    for (String name : value.split("/", -1)) {
      if (name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES) {
        return Optional.of("a part of it is longer than " + MAX_NAME_BYTES + " bytes");
      }
    }
    return value.chars().allMatch(FilePath::isPrintable)
        ? Optional.empty()
        : Optional.of("it contains a forbidden character, which is not visible");
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
