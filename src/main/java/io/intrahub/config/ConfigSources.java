package io.intrahub.config;

import io.intrahub.config.ConfigException.Problem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Collects the values of all sources, where each was set, and problems. For one thread. */
final class ConfigSources {
  private static final int LONGEST_QUOTE = 60;

  private final Map<String, Object> values = new HashMap<>();
  private final Map<String, String> places = new HashMap<>();
  private final List<Problem> problems = new ArrayList<>();

  /** Records a problem. */
  void problem(String where, String what) {
    problems.add(new Problem(where, what));
  }

  /**
   * Reads a value, which replaces that of an earlier source. An invalid value is a problem even if
   * a later source replaces it, because the later source may be removed one day.
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
      problem(where, "expected at least one value: " + option.expected());
      return;
    }
    List<Object> elements = new ArrayList<>();
    for (String text : texts) {
      parse(option, where, text).ifPresent(elements::add);
    }
    putElements(option, where, elements);
  }

  /** Reads one element of a list; empty if it has the wrong form, which is a problem. */
  Optional<Object> parse(Option option, String where, String text) {
    Optional<Object> element = option.parse(text);
    if (element.isEmpty()) {
      wrong(option, where, text);
    }
    return element;
  }

  /** Keeps the elements of a list. One that is listed twice is a problem. */
  void putElements(Option option, String where, List<Object> elements) {
    Set<Object> seen = new HashSet<>();
    List<Object> kept = new ArrayList<>();
    for (Object element : elements) {
      // The same endpoint with other properties is the same endpoint.
      if (seen.add(element instanceof EndpointOptions e ? e.address() : element)) {
        kept.add(element);
      } else {
        problem(where, quote(element.toString()) + " is listed twice");
      }
    }
    keep(option, where, List.copyOf(kept));
  }

  /** Keeps the rules that were read from a file. */
  void putRules(Option option, String where, List<RuleOptions> rules) {
    keep(option, where, List.copyOf(rules));
  }

  /** Splits a list that is written as one text with commas. */
  static List<String> split(String text) {
    return Arrays.stream(text.split(",", -1)).map(String::strip).filter(t -> !t.isEmpty()).toList();
  }

  /** Records that a value has the wrong form. */
  void wrongShape(Option option, String where, String found) {
    problem(where, "expected " + option.expected() + "; found " + found);
  }

  private void wrong(Option option, String where, String text) {
    // Credentials in an address must not reach a log.
    String found = quote(text);
    if (text.isBlank()) {
      found = "nothing";
    } else if (option.type() == ValueType.ENDPOINT && text.contains("@")) {
      found = "an address with a user name, which is not shown";
    } else if (option.type() == ValueType.SECRET) {
      found = "another value, which is not shown";
    } else if (option.type() == ValueType.PROXY) {
      found = "another value, which is not shown because it may contain a password";
    }
    wrongShape(option, where, found);
  }

  private void keep(Option option, String where, Object value) {
    values.put(option.key(), value);
    places.put(option.key(), where);
  }

  /** Shortens a text to one line and puts it in quotes. */
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

  /** Returns where one of two conflicting options was set. */
  private String placeOf(String first, String second) {
    return Optional.ofNullable(places.get(first))
        .or(() -> Optional.ofNullable(places.get(second)))
        .orElse(first);
  }
}
