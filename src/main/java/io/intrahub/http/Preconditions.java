package io.intrahub.http;

import io.intrahub.hub.ByteRange;
import io.intrahub.hub.HeaderNames;
import java.util.Arrays;
import java.util.Optional;

/** The conditions of a request for a file (RFC 9110 section 13). */
final class Preconditions {
  private Preconditions() {}

  /** Whether the client has this content already: the answer is 304. */
  static boolean notModified(Exchange exchange, String etag) {
    return exchange
        .header(HeaderNames.IF_NONE_MATCH)
        .filter(header ->
            header.strip().equals("*")
                || Arrays.stream(header.split(",", -1))
                    .map(String::strip)
                    // A weak comparison: what matters for 304 is the same content.
                    .map(tag -> tag.startsWith("W/") ? tag.substring(2) : tag)
                    .anyMatch(etag::equals))
        .isPresent();
  }

  /** The range that counts, if any; an {@code If-Range} with another tag makes it void. */
  static Optional<ByteRange.Parsed> range(Exchange exchange, String etag) {
    boolean sameContent =
        exchange.header(HeaderNames.IF_RANGE).map(String::strip).map(etag::equals).orElse(true);
    return exchange.header(HeaderNames.RANGE).filter(h -> sameContent).map(ByteRange::parse);
  }
}
