package io.intrahub.cli;

import io.intrahub.config.EndpointOptions;
import io.intrahub.upstream.hub.EndpointSettings;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Finds the dataset viewer that belongs to the endpoints of upstream. Pure. */
final class DatasetViewerAddress {
  /**
   * The prefix with which {@code datasets} derives the viewer's host ({@code _dataset_viewer.py}).
   */
  private static final String PREFIX = "datasets-server.";

  private static final Pattern IP_ADDRESS = Pattern.compile("\\[.*|[0-9.]+");

  private DatasetViewerAddress() {}

  /**
   * Returns the viewer.
   *
   * @param given by the operator
   * @param endpoints at least one of them authoritative
   * @return empty if none is given and the Hub has an address without a name
   */
  static Optional<EndpointSettings> of(
      Optional<EndpointOptions> given, List<EndpointSettings> endpoints) {
    return given
        .or(() ->
            endpoints.stream()
                .filter(EndpointSettings::authoritative)
                .findFirst()
                .flatMap(hub -> derived(hub.address())))
        .map(viewer -> new EndpointSettings(viewer.address(), true, viewer.receivesTokens()));
  }

  /** It receives tokens only if it is the Hub's own, because the operator did not name it. */
  private static Optional<EndpointOptions> derived(URI hub) {
    String host = String.valueOf(hub.getHost());
    String port = hub.getPort() < 0 ? "" : ":" + hub.getPort();
    return IP_ADDRESS.matcher(host).matches()
        ? Optional.empty()
        : Optional.of(
            new EndpointOptions(
                URI.create(hub.getScheme() + "://" + PREFIX + host + port),
                Optional.empty(),
                Optional.empty()));
  }
}
