package io.intrahub.cli.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** Prints sizes, times and tables for people. */
public final class Amounts {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  private static final String[] DECIMAL_UNITS = {"B", "KB", "MB", "GB", "TB", "PB"};

  /** A larger number of a unit is nothing that somebody typed. */
  private static final long MOST_OF_A_UNIT = 100_000;

  private Amounts() {}

  /** Bytes with three digits or so: {@code 1.4 GiB}. */
  public static String size(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0 || value >= 100
        ? String.format(Locale.ROOT, "%d %s", (long) value, UNITS[unit])
        : String.format(Locale.ROOT, "%.1f %s", Math.floor(value * 10) / 10, UNITS[unit]);
  }

  /**
   * Bytes as they were typed, if they are a round number of a unit: {@code 100 MB}, {@code 2 TiB}.
   * Others as {@link #size}.
   */
  public static String exactly(long bytes) {
    long least = bytes;
    String unit = "";
    for (int power = 1; power < UNITS.length; power++) {
      long decimalSize = Math.powExact(1000L, power);
      long binarySize = 1L << (10 * power);
      if (bytes % binarySize == 0 && bytes / binarySize < least) {
        least = bytes / binarySize;
        unit = UNITS[power];
      }
      if (bytes % decimalSize == 0 && bytes / decimalSize < least) {
        least = bytes / decimalSize;
        unit = DECIMAL_UNITS[power];
      }
    }
    return unit.isEmpty() || least >= MOST_OF_A_UNIT ? size(bytes) : least + " " + unit;
  }

  /** The two largest units: {@code 2 h 5 min}. */
  public static String time(long seconds) {
    if (seconds < 60) {
      return seconds + " s";
    }
    if (seconds < 3600) {
      return seconds / 60 + " min " + seconds % 60 + " s";
    }
    if (seconds < 86_400) {
      return seconds / 3600 + " h " + seconds % 3600 / 60 + " min";
    }
    return seconds / 86_400 + " d " + seconds % 86_400 / 3600 + " h";
  }

  /** A number and its noun: {@code 1 file}, {@code 2 files}. */
  public static String count(long number, String noun) {
    return number + " " + noun + (number == 1 ? "" : "s");
  }

  /**
   * Aligns rows of the same length. The first and the last column are flush left, the others flush
   * right.
   */
  public static List<String> table(List<List<String>> rows) {
    if (rows.isEmpty()) {
      return List.of();
    }
    int columns = rows.getFirst().size();
    int[] widths =
        IntStream.range(0, columns)
            .map(c -> rows.stream().mapToInt(row -> row.get(c).length()).max().orElse(0))
            .toArray();
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < columns - 1; c++) {
        String gap = " ".repeat(widths[c] - row.get(c).length());
        line.append(c == 0 ? row.get(c) + gap : gap + row.get(c)).append("  ");
      }
      lines.add(line.append(row.getLast()).toString());
    }
    return lines;
  }
}
