package io.intrahub.hub;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A pattern that matches repos by type and id, as the operator writes it: {@code meta-llama/*},
 * {@code datasets/acme/*}, {@code gpt2}.
 *
 * <p>The prefix {@code models/}, {@code datasets/} or {@code spaces/} names the type. Without a
 * prefix a pattern matches models only, as in the Hub's URLs. Behind the prefix stands an id of one
 * or two parts; {@code *} matches any number of characters within one part. So {@code *} alone
 * matches the ids without a namespace, and never one with a namespace. Upper and lower case are the
 * same, because the Hub has no two repos whose ids differ only by case: a client must not escape a
 * pattern by another spelling.
 *
 * @param type the type of the repos
 * @param glob the id with its wildcards, as it was written
 */
public record RepoPattern(RepoType type, String glob) {
  private static final Pattern PART = Pattern.compile("[\\w.*-]{1,96}");

  /** Checks the form; use {@link #parse} for text from outside. */
  public RepoPattern {
    if (!isValid(type, glob)) {
      throw new IllegalArgumentException("not a pattern of repos: " + glob);
    }
  }

  /**
   * Reads a pattern.
   *
   * @return empty if the text has another form, or no valid id could match it
   */
  public static Optional<RepoPattern> parse(String text) {
    for (RepoType type : RepoType.values()) {
      String prefix = type.plural() + "/";
      if (text.startsWith(prefix)) {
        return of(type, text.substring(prefix.length()));
      }
    }
    return of(RepoType.MODEL, text);
  }

  private static Optional<RepoPattern> of(RepoType type, String glob) {
    return isValid(type, glob) ? Optional.of(new RepoPattern(type, glob)) : Optional.empty();
  }

  private static boolean isValid(RepoType type, String glob) {
    int slash = glob.indexOf('/');
    if (slash < 0) {
      return isPart(glob) && (hasWildcard(glob) || RepoId.parse(type, glob).isPresent());
    }
    String namespace = glob.substring(0, slash);
    String name = glob.substring(slash + 1);
    return isPart(namespace)
        && isPart(name)
        && (hasWildcard(namespace) || RepoId.parse(type, namespace + "/x").isPresent())
        && (hasWildcard(name) || RepoId.parse(type, "x/" + name).isPresent());
  }

  private static boolean isPart(String part) {
    // Elsewhere ** stands for any number of parts, which it would not do here.
    return PART.matcher(part).matches() && !part.contains("**");
  }

  private static boolean hasWildcard(String part) {
    return part.indexOf('*') >= 0;
  }

  /** Returns whether the repo matches. Takes time in proportion to both lengths at most. */
  public boolean matches(RepoId repo) {
    if (repo.type() != type) {
      return false;
    }
    String[] wanted = glob.toLowerCase(Locale.ROOT).split("/", -1);
    String[] parts = repo.id().toLowerCase(Locale.ROOT).split("/", -1);
    if (wanted.length != parts.length) {
      return false;
    }
    for (int i = 0; i < parts.length; i++) {
      if (!matches(wanted[i], parts[i])) {
        return false;
      }
    }
    return true;
  }

  /** Not a regular expression, which several wildcards could make very slow. */
  private static boolean matches(String glob, String text) {
    int at = 0;
    int star = -1;
    int resume = 0;
    int i = 0;
    while (i < text.length()) {
      if (at < glob.length() && glob.charAt(at) == '*') {
        star = at++;
        resume = i;
      } else if (at < glob.length() && glob.charAt(at) == text.charAt(i)) {
        at++;
        i++;
      } else if (star >= 0) {
        // The last wildcard takes one character more.
        at = star + 1;
        i = ++resume;
      } else {
        return false;
      }
    }
    while (at < glob.length() && glob.charAt(at) == '*') {
      at++;
    }
    return at == glob.length();
  }

  /** Returns the pattern as {@link #parse} reads it. */
  @Override
  public String toString() {
    return type.pathPrefix() + glob;
  }
}
