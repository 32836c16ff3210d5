package io.intrahub.cli;

import io.intrahub.access.local.AccessMode;
import io.intrahub.upstream.hub.EndpointSettings;
import java.util.List;
import java.util.stream.Collectors;

/** Tells the operator, at the start, which endpoints receive whose tokens. */
final class TokenRoutes {
  private TokenRoutes() {}

  /** One line for the operator. */
  static String describe(AppSettings settings) {
    List<EndpointSettings> endpoints = settings.upstream().endpoints();
    String trusted =
        endpoints.stream()
            .filter(EndpointSettings::receivesTokens)
            .map(e -> e.address().toString())
            .collect(Collectors.joining(", "));
    if (trusted.isEmpty()) {
      return "none are sent to upstream, so only public repos are served"
          + " (append #send-tokens to an endpoint that you trust with tokens)";
    }
    AccessMode mode = settings.site().mode();
    return switch (mode) {
      case PASSTHROUGH -> "those of clients are sent to " + trusted + only(endpoints);
      case SERVICE -> "the mirror's own is sent to " + trusted + only(endpoints);
      case PUBLIC_ONLY -> "none are sent to upstream (access.mode: public-only)";
    };
  }

  private static String only(List<EndpointSettings> endpoints) {
    return endpoints.stream().allMatch(EndpointSettings::receivesTokens) ? "" : " only";
  }
}
