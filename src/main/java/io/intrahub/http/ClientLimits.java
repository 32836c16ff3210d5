package io.intrahub.http;

import io.intrahub.base.CidrRange;
import java.util.List;

/**
 * What clients may use of the listener. A client is an IP address, or the /64 network of an IPv6
 * address.
 *
 * @param connections of all clients together
 * @param connectionsPerClient of one client; trusted proxies are exempt
 * @param requestsPerClient of one client and of one token at the same time
 * @param trustedProxies whose {@code X-Forwarded-For} is believed
 */
public record ClientLimits(
    int connections,
    int connectionsPerClient,
    int requestsPerClient,
    List<CidrRange> trustedProxies) {
  /** The numbers of the configuration reference. */
  public static final ClientLimits DEFAULT = new ClientLimits(10_000, 2_048, 1_024, List.of());

  /** Takes a copy of the list. */
  public ClientLimits {
    trustedProxies = List.copyOf(trustedProxies);
  }
}
