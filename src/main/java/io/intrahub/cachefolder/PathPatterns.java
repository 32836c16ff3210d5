package io.intrahub.cachefolder;

import io.intrahub.hub.FilePath;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Which files of a repo are wanted, by patterns as huggingface_hub's {@code allow_patterns} and
 * {@code ignore_patterns}: {@code *} matches any characters, slashes included, {@code ?} one
 * character, {@code [a-c]} and {@code [!a-c]} one of a set or none of it, and a pattern that ends
 * with a slash everything below that folder.
 */
public final class PathPatterns {
  /** All files. */
  public static final PathPatterns ALL = of(List.of(), List.of());

  private final List<Pattern> include;
  private final List<Pattern> exclude;

  private PathPatterns(List<Pattern> include, List<Pattern> exclude) {
    this.include = include;
    this.exclude = exclude;
  }

  /**
   * Reads patterns.
   *
   * @param include empty: all files that are not excluded
   */
  public static PathPatterns of(List<String> include, List<String> exclude) {
    return new PathPatterns(
        include.stream().map(PathPatterns::compile).toList(),
        exclude.stream().map(PathPatterns::compile).toList());
  }

  /** As Python's {@code fnmatch.translate}. */
  private static Pattern compile(String pattern) {
    String glob = pattern.endsWith("/") ? pattern + "*" : pattern;
    StringBuilder regex = new StringBuilder();
    int at = 0;
    while (at < glob.length()) {
      int c = glob.codePointAt(at);
      at += Character.charCount(c);
      int end = c == '[' ? endOfSet(glob, at) : -1;
      if (end >= 0) {
        regex.append(set(glob.substring(at, end)));
        at = end + 1;
      } else if (c == '*') {
        regex.append(".*");
      } else if (c == '?') {
        regex.append('.');
      } else {
        regex.append(Pattern.quote(Character.toString(c)));
      }
    }
    return Pattern.compile(regex.toString(), Pattern.DOTALL);
  }

  /** Returns where the bracket closes, or -1: then the opening one stands for itself. */
  private static int endOfSet(String glob, int from) {
    int first = from < glob.length() && glob.charAt(from) == '!' ? from + 1 : from;
    // A bracket that comes first is one of the set.
    return first < glob.length() ? glob.indexOf(']', first + 1) : -1;
  }

  private static String set(String members) {
    boolean negated = members.startsWith("!");
    String escaped =
        (negated ? members.substring(1) : members).replaceAll("[\\\\\\[\\]^&]", "\\\\$0");
    String regex = (negated ? "[^" : "[") + escaped + "]";
    try {
      return Pattern.compile(regex).pattern();
    } catch (PatternSyntaxException e) {
      // A range such as c-a matches nothing, in Python too.
      return "(?!)";
    }
  }

  /** Returns whether a file is wanted. */
  public boolean matches(FilePath path) {
    return (include.isEmpty() || any(include, path)) && !any(exclude, path);
  }

  private static boolean any(List<Pattern> patterns, FilePath path) {
    return patterns.stream().anyMatch(p -> p.matcher(path.value()).matches());
  }
}
