package io.intrahub.hub.json;

import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/** The one JSON factory, with limits: what upstream sends is input from outside. */
final class HubJson {
  private static final int MAX_DEPTH = 64;
  private static final int MAX_STRING = 8 * 1024 * 1024;
  private static final int MAX_NUMBER = 100;

  /** Thread-safe and without state of its own. */
  static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(MAX_STRING)
                  .maxNumberLength(MAX_NUMBER)
                  .build())
          .build();

  private HubJson() {}
}
