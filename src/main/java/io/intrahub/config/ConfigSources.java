package io.intrahub.config;

import io.intrahub.config.ConfigException.Problem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What the sources said so far: values, where each was written, and problems. For one thread. */
final class ConfigSources {
  private static final int LONGEST_QUOTE = 60;

  private final Map<String, Object> values = new HashMap<>();
  private final Map<String, String> places = new HashMap<>();
  private final List<Problem> problems = new ArrayList<>();

  /** Notes a problem. */
  void problem(String where, String what) {
    problems.add(new Problem(where, what));
  }

  /**
   * Reads a value; it replaces that of an earlier source. A wrong value is a problem even if a
   * later source replaces it, for the later source may be gone one day.
   */
  void put(Option option, String where, String text) {
    if (option.list()) {
      putList(option, where, split(text));
    } else if (option.optional()) {
      putOptional(option, where, text);
    } else {
      option
          .parse(text)
          .ifPresentOrElse(value -> keep(option, where, value), () -> wrong(option, where, text));
    }
  }

  private void putOptional(Option option, String where, String text) {
    Optional<Object> value = option.parse(text);
    if (value.isPresent() || text.isBlank()) {
      keep(option, where, value);
    } else {
      wrong(option, where, text);
    }
  }

  /** Reads the values of an option that takes several. */
  void putList(Option option, String where, List<String> texts) {
    if (texts.isEmpty() && !option.optional()) {
      problem(where, "expected at least one: " + option.expected());
      return;
    }
    List<Object> elements = new ArrayList<>();
    for (String text : texts) {
      Optional<Object> element = option.parse(text);
      if (element.isEmpty()) {
        wrong(option, where, text);
      } else if (elements.contains(element.get())) {
        problem(where, quote(text) + " is there twice");
      } else {
        elements.add(element.get());
      }
    }
    keep(option, where, List.copyOf(elements));
  }

  /** The elements of a list that was written as one text with commas. */
  static List<String> split(String text) {
    return Arrays.stream(text.split(",", -1)).map(String::strip).filter(t -> !t.isEmpty()).toList();
  }

  /** Notes that something else stands where a value should be. */
  void wrongShape(Option option, String where, String found) {
    problem(where, "expected " + option.expected() + "; found " + found);
  }

  private void wrong(Option option, String where, String text) {
    // Credentials that somebody put into an address must not end in a log.
    String found = quote(text);
    if (text.isBlank()) {
      found = "nothing";
    } else if (option.type() == ValueType.ADDRESS && text.contains("@")) {
      found = "one with a user";
    } else if (option.type() == ValueType.PROXY) {
      found = "something else, not shown since it may hold a password";
    }
    wrongShape(option, where, found);
  }

  private void keep(Option option, String where, Object value) {
    values.put(option.key(), value);
    places.put(option.key(), where);
  }

  /** A piece of somebody's text, short and on one line. */
  static String quote(String text) {
    String line = text.strip().replaceAll("\\p{Cntrl}+", " ");
    return '"'
        + (line.length() > LONGEST_QUOTE ? line.substring(0, LONGEST_QUOTE) + "..." : line)
        + '"';
  }

  /** Keys of the options that have a value. */
  Set<String> keys() {
    return Set.copyOf(values.keySet());
  }

  /**
   * The configuration.
   *
   * @throws ConfigException if there is any problem
   */
  Config finish() throws ConfigException {
    if (problems.isEmpty()) {
      Config config = Options.build(values);
      OptionRules.violations(config)
          .forEach(violation ->
              problem(placeOf(violation.first(), violation.second()), violation.what()));
      if (problems.isEmpty()) {
        return config;
      }
    }
    throw new ConfigException(problems);
  }

  /** Of two options that don't go together, the one that somebody wrote. */
  private String placeOf(String first, String second) {
    return Optional.ofNullable(places.get(first))
        .or(() -> Optional.ofNullable(places.get(second)))
        .orElse(first);
  }
}
