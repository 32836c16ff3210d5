package io.intrahub.config;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * One option, as {@link Config} declares it.
 *
 * @param key its name in the file, with dots: {@code store.min-free}
 * @param type how its value is written
 * @param list whether it takes several values
 * @param optional whether it may have no value, or an empty list
 * @param byDefault the default, as it would be written in the file; empty only for an optional one
 * @param min the smallest value, as it would be written
 * @param max the largest value, as it would be written
 * @param flag its flag on the command line
 * @param doc what it does: sentences in Markdown
 * @param target the class of its value, or of one element of a list
 */
public record Option(
    String key,
    ValueType type,
    boolean list,
    boolean optional,
    String byDefault,
    Optional<String> min,
    Optional<String> max,
    Optional<Flag> flag,
    String doc,
    Class<?> target) {

  /**
   * A flag on the command line.
   *
   * @param name with its hyphens: {@code --port}
   * @param means the value that the flag sets; empty if the value follows the flag
   */
  public record Flag(String name, Optional<String> means) {}

  /** Returns its environment variable: {@code INTRAHUB_STORE_MIN_FREE}. */
  public String environment() {
    return OptionNames.environment(key);
  }

  /** Returns the possible values of a {@link ValueType#CHOICE}, as written; otherwise none. */
  public List<String> words() {
    return type == ValueType.CHOICE
        ? Arrays.stream(target.getEnumConstants()).map(ValueType::word).toList()
        : List.of();
  }

  /** Describes the smallest and largest value, {@code 0 to 65535}; empty if there is neither. */
  public Optional<String> limits() {
    return max.map(most -> min.map(least -> least + " to ").orElse("at most ") + most)
        .or(() -> min.map(least -> least + " or more"));
  }

  /** Describes a valid value as part of a sentence: {@code a whole number, 0 to 65535}. */
  public String expected() {
    return type == ValueType.CHOICE
        ? String.join(" or ", words())
        : type.phrase() + limits().map(limits -> ", " + limits).orElse("");
  }

  /**
   * Reads one value, or one element of a list.
   *
   * @return empty if it is not what {@link #expected} says
   */
  Optional<Object> parse(String text) {
    return type.parse(text.strip(), target).filter(this::isWithin);
  }

  private boolean isWithin(Object value) {
    long magnitude = ValueType.magnitude(value);
    return magnitude >= bound(min, Long.MIN_VALUE) && magnitude <= bound(max, Long.MAX_VALUE);
  }

  private long bound(Optional<String> text, long otherwise) {
    return text.flatMap(t -> type.parse(t, target)).map(ValueType::magnitude).orElse(otherwise);
  }
}
