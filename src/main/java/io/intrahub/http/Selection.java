package io.intrahub.http;

import io.intrahub.hub.ByteRange;
import java.util.Optional;

/** What a client gets of a file, after its conditions and its range were evaluated. */
sealed interface Selection {
  /** The client has the file already: 304. */
  record NotModified() implements Selection {}

  /** The {@code Range} header has broken syntax: 400. */
  record MalformedRange() implements Selection {}

  /**
   * The range holds no byte of the file: 416.
   *
   * @param contentRange value of {@code Content-Range}
   */
  record Unsatisfiable(String contentRange) implements Selection {}

  /**
   * Bytes of the file.
   *
   * @param status 200 or 206
   * @param completing whether the client takes the file for complete once it has these bytes
   * @param contentRange value of {@code Content-Range}
   */
  record Bytes(int status, ByteRange.Span span, boolean completing, Optional<String> contentRange)
      implements Selection {
    static Bytes whole(long size) {
      return new Bytes(200, ByteRange.Span.all(size), true, Optional.empty());
    }
  }
}
