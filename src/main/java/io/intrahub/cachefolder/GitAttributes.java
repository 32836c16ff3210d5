package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.hub.FilePath;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.PatternSyntaxException;

/** Which files git keeps with LFS, as the file {@code .gitattributes} of a repo's root says. */
final class GitAttributes {
  private static final int MAX_SIZE = 1 << 20;

  /** The last rule that matches a file counts. */
  private final List<Rule> rules;

  /**
   * A line.
   *
   * @param inFolder whether the pattern is about the whole path, and not about the last name
   */
  private record Rule(PathMatcher pattern, boolean inFolder, boolean lfs) {
    boolean matches(Path path) {
      return pattern.matches(inFolder ? path : path.getFileName());
    }
  }

  private GitAttributes(List<Rule> rules) {
    this.rules = rules;
  }

  /** Reads the file; empty if there is none, or it is larger than any that people write. */
  static Optional<GitAttributes> read(Path file) throws IOException {
    if (!Files.isRegularFile(file, NOFOLLOW_LINKS) || Files.size(file) > MAX_SIZE) {
      return Optional.empty();
    }
    List<Rule> rules = new ArrayList<>();
    new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .forEach(line -> parse(line.split("\\s+")).ifPresent(rules::add));
    return Optional.of(new GitAttributes(rules));
  }

  /** A line that says nothing about filters, or that can't be understood, is no rule. */
  private static Optional<Rule> parse(String[] words) {
    List<String> filters =
        Arrays.stream(words).skip(1).filter(word -> word.matches("[-!]?filter(=.*)?")).toList();
    if (filters.isEmpty()) {
      return Optional.empty();
    }
    String pattern = words[0].replace("[[:space:]]", " ");
    boolean inFolder = pattern.contains("/");
    try {
      return Optional.of(
          new Rule(
              FileSystems.getDefault()
                  .getPathMatcher(
                      "glob:" + (pattern.startsWith("/") ? pattern.substring(1) : pattern)),
              inFolder,
              filters.getLast().equals("filter=lfs")));
    } catch (PatternSyntaxException e) {
      return Optional.empty();
    }
  }

  boolean isLfs(FilePath path) {
    Path file = Path.of(path.value());
    boolean lfs = false;
    for (Rule rule : rules) {
      if (rule.matches(file)) {
        lfs = rule.lfs();
      }
    }
    return lfs;
  }
}
