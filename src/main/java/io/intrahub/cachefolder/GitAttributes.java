package io.intrahub.cachefolder;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.intrahub.hub.FilePath;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Which files git keeps with LFS, as the file {@code .gitattributes} of a repo's root says. */
final class GitAttributes {
  private static final int MAX_SIZE = 1 << 20;

  /** Each file is compared with all of them. */
  private static final int MAX_RULES = 10_000;

  /** In characters: more than a path of the Hub has. */
  private static final int MAX_PATTERN = 1_000;

  /** The last rule that matches a file counts. */
  private final List<Rule> rules;

  /** A line. */
  private record Rule(GitGlob pattern, boolean lfs) {}

  private GitAttributes(List<Rule> rules) {
    this.rules = rules;
  }

  /** Reads the file; empty if there is none, or it is larger than any that people write. */
  static Optional<GitAttributes> read(Path file) throws IOException {
    if (!Files.isRegularFile(file, NOFOLLOW_LINKS) || Files.size(file) > MAX_SIZE) {
      return Optional.empty();
    }
    return parse(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
  }

  /** Reads the text of such a file; empty if it has more rules than any that people write. */
  static Optional<GitAttributes> parse(String text) {
    List<Rule> rules =
        text.lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty() && !line.startsWith("#"))
            .map(line -> rule(line.split("\\s+")))
            .flatMap(Optional::stream)
            .toList();
    return rules.size() > MAX_RULES ? Optional.empty() : Optional.of(new GitAttributes(rules));
  }

  /** A line that says nothing about filters, or that can't be understood, is no rule. */
  private static Optional<Rule> rule(String[] words) {
    List<String> filters =
        Arrays.stream(words).skip(1).filter(word -> word.matches("[-!]?filter(=.*)?")).toList();
    if (filters.isEmpty() || words[0].length() > MAX_PATTERN) {
      return Optional.empty();
    }
    boolean lfs = filters.getLast().equals("filter=lfs");
    return GitGlob.parse(words[0].replace("[[:space:]]", " "))
        .map(pattern -> new Rule(pattern, lfs));
  }

  /**
   * Whether a file is one of LFS.
   *
   * @param goesOn called at each rule; may end the comparison with an unchecked exception
   */
  boolean isLfs(FilePath path, Runnable goesOn) {
    boolean lfs = false;
    for (Rule rule : rules) {
      goesOn.run();
      if (rule.lfs() != lfs && rule.pattern().matches(path.value())) {
        lfs = rule.lfs();
      }
    }
    return lfs;
  }
}
