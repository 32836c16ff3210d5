package io.intrahub.config;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A number of bytes.
 *
 * @param bytes 0 or more
 */
public record DataSize(long bytes) {
  private static final Pattern FORM = Pattern.compile("(\\d{1,18}) ?([A-Za-z]*)");
  private static final Map<String, Long> UNITS =
      Map.of(
          "",
          1L,
          "B",
          1L,
          "KB",
          1_000L,
          "MB",
          1_000_000L,
          "GB",
          1_000_000_000L,
          "TB",
          1_000_000_000_000L,
          "KiB",
          1L << 10,
          "MiB",
          1L << 20,
          "GiB",
          1L << 30,
          "TiB",
          1L << 40);

  /**
   * Checks its argument.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public DataSize {
    if (bytes < 0) {
      throw new IllegalArgumentException("a negative size: " + bytes);
    }
  }

  /**
   * Reads {@code 64MiB}, {@code 10GB} or plain bytes. {@code M} alone is refused, because it could
   * mean 1000 or 1024 KB.
   *
   * @return empty if the text is not a size, or exceeds a {@code long}
   */
  public static Optional<DataSize> parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches() || !UNITS.containsKey(form.group(2))) {
      return Optional.empty();
    }
    long count = Long.parseLong(form.group(1));
    long unit = UNITS.get(form.group(2));
    return count > Long.MAX_VALUE / unit
        ? Optional.empty()
        : Optional.of(new DataSize(count * unit));
  }
}
