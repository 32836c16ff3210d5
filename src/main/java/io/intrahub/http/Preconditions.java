package io.intrahub.http;

import io.intrahub.hub.ByteRange;
import io.intrahub.hub.HeaderNames;
import java.util.Arrays;
import java.util.Optional;

/**
 * The conditions and the range of a request for a file (RFC 9110 sections 13 and 14), and their
 * evaluation, which is a pure function.
 *
 * @param ifNoneMatch value of {@code If-None-Match}
 * @param ifRange value of {@code If-Range}
 * @param range value of {@code Range}
 */
record Preconditions(
    Optional<String> ifNoneMatch, Optional<String> ifRange, Optional<String> range) {
  /** Reads the headers of a request. */
  static Preconditions of(Exchange exchange) {
    return new Preconditions(
        exchange.header(HeaderNames.IF_NONE_MATCH),
        exchange.header(HeaderNames.IF_RANGE),
        exchange.header(HeaderNames.RANGE));
  }

  /**
   * Selects what the client gets.
   *
   * @param etag the strong, quoted entity tag of the file
   * @param size of the file in bytes
   * @param startOver whether a client must not add to bytes of the file that it has already,
   *     because they may be wrong
   */
  Selection select(String etag, long size, boolean startOver) {
    if (matches(etag)) {
      return new Selection.NotModified();
    }
    // If-Range with another tag, or with a date, makes the range void.
    boolean rangeCounts = ifRange.map(String::strip).map(etag::equals).orElse(true);
    if (range.isEmpty() || !rangeCounts) {
      return Selection.Bytes.whole(size);
    }
    return switch (ByteRange.parse(range.get())) {
      case ByteRange.Malformed _ -> new Selection.MalformedRange();
      case ByteRange.Ignored _ -> Selection.Bytes.whole(size);
      case ByteRange.One(ByteRange one) -> select(one, size, startOver);
    };
  }

  private static Selection select(ByteRange range, long size, boolean startOver) {
    Optional<ByteRange.Span> part = range.within(size);
    if (part.isEmpty()) {
      String unsatisfied = "bytes */" + size;
      // hf-hub 0.x and huggingface.js probe with bytes=0-0 and fail on a 416 and on a plain 200.
      return size == 0
          ? new Selection.Bytes(200, ByteRange.Span.all(0), true, Optional.of(unsatisfied))
          : new Selection.Unsatisfiable(unsatisfied);
    }
    boolean resumes = range instanceof ByteRange.From(long first) && first > 0;
    if (resumes && startOver) {
      // RFC 9110 section 14.2 lets a server ignore a range. huggingface_hub 2.4.0 and 0.36.2 then
      // discard their bytes and take the whole file; 0.23.5 sees that the size is wrong. With a 206
      // all of them would append the right end to a wrong beginning and take that for the file.
      return Selection.Bytes.whole(size);
    }
    ByteRange.Span span = part.get();
    boolean completing = range.isRest() || span.length() == size;
    String contentRange = "bytes " + span.offset() + "-" + (span.end() - 1) + "/" + size;
    return new Selection.Bytes(206, span, completing, Optional.of(contentRange));
  }

  /** Whether {@code If-None-Match} says that the client has this content. */
  private boolean matches(String etag) {
    return ifNoneMatch
        .filter(header ->
            header.strip().equals("*")
                || Arrays.stream(header.split(",", -1))
                    .map(String::strip)
                    // Section 13.1.2 asks for the weak comparison.
                    .map(tag -> tag.startsWith("W/") ? tag.substring(2) : tag)
                    .anyMatch(etag::equals))
        .isPresent();
  }
}
