package io.intrahub.hub;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One range of bytes as a client asks for it (RFC 9110 section 14.1.2), before the size is known.
 */
public sealed interface ByteRange {
  /**
   * Returns whether the client considers the content complete once it has these bytes, because it
   * asks for everything from some byte on. A last part requested by its length, such as the footer
   * of a Parquet file, completes nothing.
   */
  default boolean isRest() {
    return this instanceof From;
  }

  /**
   * Returns the range within a content of {@code size} bytes; an end beyond the content is clamped.
   *
   * @return empty if the range contains no byte of the content: the answer is 416
   */
  Optional<Span> within(long size);

  /**
   * Reads a {@code Range} header.
   *
   * <p>RFC 9110 section 14.2 lets a server ignore or refuse an invalid header. It is refused,
   * because a client that asked for a part cannot use a whole content of many gigabytes. Another
   * unit and more than one range are ignored, so the answer is the whole content and never
   * multipart.
   */
  static Parsed parse(String header) {
    Matcher unit = Syntax.UNIT.matcher(header);
    if (!unit.matches()) {
      return header.contains("=") ? new Ignored() : new Malformed();
    }
    if (!unit.group(1).equalsIgnoreCase("bytes")) {
      return new Ignored();
    }
    // Empty elements of a list are ignored (RFC 9110 section 5.6.1.2).
    List<Optional<ByteRange>> ranges =
        Arrays.stream(unit.group(2).split(",", -1))
            .filter(element -> !element.isBlank())
            .map(Syntax::oneRange)
            .toList();
    if (ranges.isEmpty() || ranges.stream().anyMatch(Optional::isEmpty)) {
      return new Malformed();
    }
    return ranges.size() == 1 ? new One(ranges.getFirst().orElseThrow()) : new Ignored();
  }

  /** What a {@code Range} header says. */
  sealed interface Parsed {}

  /** Exactly one range. */
  record One(ByteRange range) implements Parsed {}

  /** Well-formed, but answered with the whole content. */
  record Ignored() implements Parsed {}

  /** Invalid syntax: answered with 400. */
  record Malformed() implements Parsed {}

  /** {@code bytes=first-}. */
  record From(long first) implements ByteRange {
    @Override
    public Optional<Span> within(long size) {
      return first >= size ? Optional.empty() : Optional.of(new Span(first, size - first));
    }
  }

  /** {@code bytes=first-last}, both included. */
  record FromTo(long first, long last) implements ByteRange {
    @Override
    public Optional<Span> within(long size) {
      if (first >= size) {
        return Optional.empty();
      }
      return Optional.of(new Span(first, Math.min(last, size - 1) - first + 1));
    }
  }

  /** {@code bytes=-count}: the last bytes. */
  record Suffix(long count) implements ByteRange {
    @Override
    public Optional<Span> within(long size) {
      long length = Math.min(count, size);
      return length == 0 ? Optional.empty() : Optional.of(new Span(size - length, length));
    }
  }

  /**
   * Bytes of a content of known size.
   *
   * @param offset of the first byte
   * @param length number of bytes
   */
  record Span(long offset, long length) {
    /** The whole content. */
    public static Span all(long size) {
      return new Span(0, size);
    }

    /** The offset just behind the last byte. */
    public long end() {
      return offset + length;
    }
  }

  /** Holder of the patterns, so that the interface shows no constants. */
  final class Syntax {
    private static final Pattern UNIT = Pattern.compile("\\s*([A-Za-z]+)\\s*=(.*)");
    private static final Pattern RANGE = Pattern.compile("\\s*(\\d*)-(\\d*)\\s*");

    private Syntax() {}

    private static Optional<ByteRange> oneRange(String text) {
      Matcher m = RANGE.matcher(text);
      if (!m.matches()) {
        return Optional.empty();
      }
      String first = m.group(1);
      String last = m.group(2);
      if (first.isEmpty()) {
        return last.isEmpty() ? Optional.empty() : Optional.of(new Suffix(number(last)));
      }
      if (last.isEmpty()) {
        return Optional.of(new From(number(first)));
      }
      return number(last) < number(first)
          ? Optional.empty()
          : Optional.of(new FromTo(number(first), number(last)));
    }

    /** Too many digits for a long mean "beyond every content", not an error. */
    private static long number(String digits) {
      try {
        return Long.parseLong(digits);
      } catch (NumberFormatException e) {
        return Long.MAX_VALUE;
      }
    }
  }
}
