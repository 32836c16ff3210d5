package io.intrahub.testing;

import io.intrahub.upstream.hub.EndpointSettings;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;

/** Endpoints of upstream for tests. */
public final class TestEndpoints {
  private TestEndpoints() {}

  /** The first stands for the Hub; the others are neither believed nor told tokens. */
  public static List<EndpointSettings> firstTrusted(List<URI> addresses) {
    List<EndpointSettings> endpoints = new ArrayList<>();
    for (URI address : addresses) {
      endpoints.add(
          endpoints.isEmpty()
              ? EndpointSettings.trusted(address)
              : EndpointSettings.untrusted(address));
    }
    return List.copyOf(endpoints);
  }
}
