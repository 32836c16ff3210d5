package io.intrahub.hub.json;

import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonFactoryBuilder;

/** The JSON factories, with limits, because upstream and clients are not trusted. */
final class HubJson {
  private static final int MAX_DEPTH = 64;
  private static final int MAX_STRING = 8 * 1024 * 1024;
  private static final int MAX_NAME = 16 * 1024;
  private static final int MAX_NUMBER = 100;

  /** A path has at most 4,096 bytes; nothing else in a request body is read as text. */
  private static final int MAX_TEXT_OF_CLIENT = 16 * 1024;

  /** For text that is completely in memory. Thread-safe and stateless. */
  static final JsonFactory FACTORY =
      limited(MAX_STRING).enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  /**
   * For streams of any length. It remembers no names, because an object may hold millions of
   * distinct ones: duplicates pass, and no table of names is kept. A generator neither closes nor
   * completes its target, so that a copy which fails half-way is never ended as if it were whole.
   */
  static final JsonFactory STREAMS = unbounded(limited(MAX_STRING)).build();

  /** The same for requests of clients, which contain no long text. */
  static final JsonFactory REQUESTS = unbounded(limited(MAX_TEXT_OF_CLIENT)).build();

  private HubJson() {}

  private static JsonFactoryBuilder limited(int maxString) {
    return JsonFactory.builder()
        .streamReadConstraints(
            StreamReadConstraints.builder()
                .maxNestingDepth(MAX_DEPTH)
                .maxStringLength(maxString)
                .maxNameLength(MAX_NAME)
                .maxNumberLength(MAX_NUMBER)
                .build());
  }

  private static JsonFactoryBuilder unbounded(JsonFactoryBuilder builder) {
    return builder
        .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
        .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
        .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
        .disable(StreamWriteFeature.AUTO_CLOSE_CONTENT);
  }
}
