package io.intrahub.cachefolder;

import io.intrahub.hub.FilePath;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Which files of a repo are wanted, by patterns as huggingface_hub's {@code allow_patterns} and
 * {@code ignore_patterns}: {@code *} matches any characters, slashes included, {@code ?} one
 * character, and a pattern that ends with a slash everything below that folder.
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

  private static Pattern compile(String glob) {
    StringBuilder regex = new StringBuilder();
    String whole = glob.endsWith("/") ? glob + "*" : glob;
    whole
        .codePoints()
        .forEach(c -> {
          switch (c) {
            case '*' -> regex.append(".*");
            case '?' -> regex.append('.');
            default -> regex.append(Pattern.quote(Character.toString(c)));
          }
        });
    return Pattern.compile(regex.toString(), Pattern.DOTALL);
  }

  /** Returns whether a file is wanted. */
  public boolean matches(FilePath path) {
    return (include.isEmpty() || any(include, path)) && !any(exclude, path);
  }

  private static boolean any(List<Pattern> patterns, FilePath path) {
    return patterns.stream().anyMatch(p -> p.matcher(path.value()).matches());
  }
}
