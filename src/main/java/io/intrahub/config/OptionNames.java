package io.intrahub.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Derives the names of options, and finds the valid name closest to a wrong one. */
public final class OptionNames {
  private static final String PREFIX = "INTRAHUB_";

  private OptionNames() {}

  /** Converts {@code minFree} to {@code min-free}. */
  static String kebab(String camel) {
    return camel.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }

  /** Converts {@code store.min-free} to {@code INTRAHUB_STORE_MIN_FREE}. */
  static String environment(String key) {
    return PREFIX + key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }

  /** Returns whether an environment variable is meant for intrahub. */
  static boolean isOurs(String variable) {
    return variable.startsWith(PREFIX);
  }

  /**
   * Returns the end of a message, {@code "; did you mean server.port?"}, or an empty text.
   *
   * @param wrong an unknown name
   * @param known all valid names
   */
  public static String didYouMean(String wrong, List<String> known) {
    List<String> near = nearest(wrong, known);
    return near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?";
  }

  /** Returns the names closest to a wrong one; none if no name is close. */
  static List<String> nearest(String wrong, List<String> known) {
    List<String> same = known.stream().filter(k -> plain(k).equals(plain(wrong))).toList();
    if (!same.isEmpty()) {
      return same;
    }
    Optional<String> sibling =
        closest(wrong, known.stream().filter(k -> parent(k).equals(parent(wrong))).toList());
    if (sibling.isPresent()) {
      return List.of(sibling.get());
    }
    List<String> elsewhere =
        known.stream().filter(k -> plain(last(k)).equals(plain(last(wrong)))).toList();
    return elsewhere.isEmpty() ? closest(wrong, known).stream().toList() : elsewhere;
  }

  private static Optional<String> closest(String wrong, List<String> known) {
    // Where both have the same beginning, it must not make a short name look similar.
    boolean siblings = known.stream().allMatch(k -> parent(k).equals(parent(wrong)));
    String name = plain(siblings ? last(wrong) : wrong);
    int limit = Math.max(1, name.length() / 3);
    record Near(String name, int distance) {}
    List<Near> near = new ArrayList<>();
    for (String candidate : known) {
      near.add(new Near(candidate, distance(name, plain(siblings ? last(candidate) : candidate))));
    }
    return near.stream()
        .filter(n -> n.distance <= limit)
        .min(Comparator.comparingInt(Near::distance))
        .map(Near::name);
  }

  private static String parent(String key) {
    return key.substring(0, Math.max(0, key.lastIndexOf('.')));
  }

  private static String last(String key) {
    return key.substring(key.lastIndexOf('.') + 1);
  }

  /** Ignores case, hyphens and underscores, which people confuse most often. */
  private static String plain(String key) {
    return key.toLowerCase(Locale.ROOT).replace("-", "").replace("_", "");
  }

  /** Counts the letters to change, insert, delete or swap with a neighbour. */
  static int distance(String a, String b) {
    int[][] cost = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          cost[i][j] = i + j;
          continue;
        }
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        int least = Math.min(cost[i - 1][j], cost[i][j - 1]) + 1;
        least = Math.min(least, cost[i - 1][j - 1] + change);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          least = Math.min(least, cost[i - 2][j - 2] + 1);
        }
        cost[i][j] = least;
      }
    }
    return cost[a.length()][b.length()];
  }
}
