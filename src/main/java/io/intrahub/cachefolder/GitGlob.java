package io.intrahub.cachefolder;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A pattern of {@code .gitattributes}: {@code *} and {@code ?} stand for characters other than the
 * slash, {@code [a-c]} and {@code [!a-c]} for one of a set or none of it, and the name {@code **}
 * for any number of folders. A pattern without a slash is about the last name of a path.
 *
 * <p>The time of a match grows with the length of the pattern times that of the path at most: a
 * pattern comes from a stranger, and a regular expression would try each way to divide a name
 * between its stars.
 */
final class GitGlob {
  private static final String ANY_FOLDERS = "**";

  private final boolean inFolder;

  /** One for each name of the path; null: any number of names. */
  private final List<@Nullable Name> names;

  private GitGlob(boolean inFolder, List<@Nullable Name> names) {
    this.inFolder = inFolder;
    this.names = names;
  }

  /** Reads a pattern; empty if it can't be understood. */
  static Optional<GitGlob> parse(String pattern) {
    boolean inFolder = pattern.contains("/");
    String[] parts = (pattern.startsWith("/") ? pattern.substring(1) : pattern).split("/", -1);
    List<@Nullable Name> names = new ArrayList<>();
    for (String part : parts) {
      Optional<Name> name = part.equals(ANY_FOLDERS) ? Optional.empty() : Name.parse(part);
      if (name.isEmpty() && !part.equals(ANY_FOLDERS)) {
        return Optional.empty();
      }
      names.add(name.orElse(null));
    }
    if (inFolder && parts[parts.length - 1].equals(ANY_FOLDERS)) {
      // Everything below the folder, but not the folder itself.
      names.add(new Name(List.of(Name.STAR)));
    }
    return Optional.of(new GitGlob(inFolder, names));
  }

  /** Whether a path with slashes is meant. */
  boolean matches(String path) {
    return inFolder
        ? matches(List.of(path.split("/", -1)))
        : matches(List.of(path.substring(path.lastIndexOf('/') + 1)));
  }

  private boolean matches(List<String> path) {
    return Wildcards.match(
        names.size(),
        path.size(),
        i -> names.get(i) == null,
        (i, at) -> {
          Name name = names.get(i);
          return name != null && name.matches(path.get(at));
        });
  }

  /**
   * A part of a pattern of one name.
   *
   * @param isStar whether it stands for any number of characters, and not for one
   */
  private record Part(boolean isStar, IntPredicate character) {}

  /** A pattern of one name. */
  private record Name(List<Part> parts) {
    static final Part STAR = new Part(true, _ -> true);

    /** A class such as {@code [[:alpha:]]}, which nobody uses for names of files. */
    private static final String CLASS = "[:";

    static Optional<Name> parse(String name) {
      List<Part> parts = new ArrayList<>();
      int at = 0;
      while (at < name.length()) {
        char c = name.charAt(at++);
        if (c == '[') {
          int end = endOfSet(name, at);
          if (end < 0 || name.substring(at, end).contains(CLASS)) {
            return Optional.empty();
          }
          parts.add(new Part(false, set(name.substring(at, end))));
          at = end + 1;
        } else if (c == '*') {
          parts.add(STAR);
        } else if (c == '?') {
          parts.add(new Part(false, _ -> true));
        } else {
          char literal = c == '\\' && at < name.length() ? name.charAt(at++) : c;
          parts.add(new Part(false, other -> other == literal));
        }
      }
      return Optional.of(new Name(parts));
    }

    private static boolean isNegated(String set, int at) {
      return at < set.length() && (set.charAt(at) == '!' || set.charAt(at) == '^');
    }

    /** Returns where the bracket closes, or -1. One that comes first is a member of the set. */
    private static int endOfSet(String name, int from) {
      return name.indexOf(']', from + (isNegated(name, from) ? 2 : 1));
    }

    private static IntPredicate set(String members) {
      boolean negated = isNegated(members, 0);
      IntPredicate in = _ -> false;
      int at = negated ? 1 : 0;
      while (at < members.length()) {
        char first = members.charAt(at);
        boolean isRange = at + 2 < members.length() && members.charAt(at + 1) == '-';
        char last = isRange ? members.charAt(at + 2) : first;
        in = in.or(c -> c >= first && c <= last);
        at += isRange ? 3 : 1;
      }
      return negated ? in.negate() : in;
    }

    boolean matches(String name) {
      return Wildcards.match(
          parts.size(),
          name.length(),
          i -> parts.get(i).isStar(),
          (i, at) -> parts.get(i).character().test(name.charAt(at)));
    }
  }

  /** Compares a pattern whose wildcards stand for any number of items with a list of items. */
  private static final class Wildcards {
    private Wildcards() {}

    /** Whether a part of the pattern stands for an item. */
    interface One {
      boolean matches(int part, int item);
    }

    /**
     * Only the last wildcard before an item that does not match may have to stand for more items:
     * what an earlier one could take, the last one can take as well.
     */
    static boolean match(int parts, int items, IntPredicate isWildcard, One one) {
      int part = 0;
      int item = 0;
      int wildcard = -1;
      int taken = 0;
      while (item < items) {
        if (part < parts && isWildcard.test(part)) {
          wildcard = part++;
          taken = item;
        } else if (part < parts && one.matches(part, item)) {
          part++;
          item++;
        } else if (wildcard >= 0) {
          part = wildcard + 1;
          item = ++taken;
        } else {
          return false;
        }
      }
      while (part < parts && isWildcard.test(part)) {
        part++;
      }
      return part == parts;
    }
  }
}
