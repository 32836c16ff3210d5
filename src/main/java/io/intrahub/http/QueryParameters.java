package io.intrahub.http;

import io.intrahub.base.PercentCoding;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * The parameters of a query or form, in the spellings of the Hub's clients: repeated keys, {@code
 * expand} also as {@code expand[]} and {@code expand[0]}, booleans as {@code true}, {@code True}
 * and {@code 1}.
 */
final class QueryParameters {
  private record Pair(String key, String value) {}

  private final List<Pair> pairs = new ArrayList<>();

  private QueryParameters() {}

  /** Parses a query or form; text that is not valid percent-encoding is kept as it is. */
  static QueryParameters parse(String raw) {
    QueryParameters query = new QueryParameters();
    for (String part : raw.split("&", -1)) {
      if (!part.isEmpty()) {
        int equals = part.indexOf('=');
        String key = equals < 0 ? part : part.substring(0, equals);
        String value = equals < 0 ? "" : part.substring(equals + 1);
        query.pairs.add(new Pair(decode(key), decode(value)));
      }
    }
    return query;
  }

  private static String decode(String text) {
    String spaced = text.replace('+', ' ');
    return PercentCoding.decode(spaced).orElse(spaced);
  }

  /**
   * Returns the parameters in their order, all spelled in one way, so that every reader finds the
   * same names in them.
   */
  String format() {
    return pairs.stream()
        .map(p -> PercentCoding.encode(p.key()) + "=" + PercentCoding.encode(p.value()))
        .collect(Collectors.joining("&"));
  }

  List<String> all(String key) {
    return pairs.stream()
        .filter(p -> p.key().equals(key) || p.key().startsWith(key + "["))
        .map(Pair::value)
        .toList();
  }

  Optional<String> first(String key) {
    return all(key).stream().findFirst();
  }

  boolean isTrue(String key) {
    return first(key)
        .map(v -> v.toLowerCase(Locale.ROOT))
        .filter(v -> v.equals("true") || v.equals("1"))
        .isPresent();
  }

  /** Returns a number of at least 1; any other value counts as absent. */
  OptionalInt positive(String key) {
    Optional<String> digits = first(key).filter(v -> v.matches("[1-9]\\d{0,8}"));
    return digits.isPresent()
        ? OptionalInt.of(Integer.parseInt(digits.get()))
        : OptionalInt.empty();
  }
}
