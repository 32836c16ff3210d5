package io.intrahub.devhub;

import java.util.Optional;

/** What a {@code Range} header asks for (RFC 9110 14.2), for a body of known size. */
sealed interface Span {
  /** No range, or one that a server may ignore: bad syntax, another unit, several ranges. */
  record Whole() implements Span {}

  /** Both ends inclusive. */
  record Part(long first, long last) implements Span {
    long length() {
      return last - first + 1;
    }
  }

  record Unsatisfiable() implements Span {}

  static Span of(Optional<String> header, long size) {
    String value = header.orElse("");
    if (!value.startsWith("bytes=") || value.indexOf(',') >= 0) {
      return new Whole();
    }
    String spec = value.substring("bytes=".length()).strip();
    int dash = spec.indexOf('-');
    if (dash < 0) {
      return new Whole();
    }
    String from = spec.substring(0, dash);
    String to = spec.substring(dash + 1);
    if ((from + to).isEmpty() || !isNumber(from) || !isNumber(to)) {
      return new Whole();
    }
    if (from.isEmpty()) {
      long wanted = Long.parseLong(to);
      return wanted == 0 || size == 0
          ? new Unsatisfiable()
          : new Part(Math.max(0, size - wanted), size - 1);
    }
    long first = Long.parseLong(from);
    long last = to.isEmpty() ? Long.MAX_VALUE : Long.parseLong(to);
    if (last < first) {
      return new Whole();
    }
    return first >= size ? new Unsatisfiable() : new Part(first, Math.min(last, size - 1));
  }

  /** Whether a range of this header has the byte at an offset; suffixes, of unknown place, have. */
  static boolean covers(String header, long offset) {
    return switch (of(Optional.of(header), Long.MAX_VALUE)) {
      case Part part -> header.contains("=-") || (part.first() <= offset && offset <= part.last());
      case Whole _ -> true;
      case Unsatisfiable _ -> false;
    };
  }

  private static boolean isNumber(String digits) {
    return digits.length() < 19 && digits.chars().allMatch(c -> c >= '0' && c <= '9');
  }
}
