package io.intrahub.http;

import io.intrahub.base.AddressRanges;

/**
 * Limits of the listener for clients. A client is an IPv4 address or the /64 network of an IPv6
 * address.
 *
 * @param connections open connections of all clients together
 * @param connectionsPerClient open connections of one client; trusted proxies are exempt
 * @param requestsPerClient requests in progress of one client, and of one token
 * @param trustedProxies proxies whose {@code X-Forwarded-*} headers are believed
 */
public record ClientLimits(
    int connections,
    int connectionsPerClient,
    int requestsPerClient,
    AddressRanges trustedProxies) {
  /** The defaults of the configuration reference. */
  public static final ClientLimits DEFAULT =
      new ClientLimits(10_000, 2_048, 1_024, AddressRanges.NONE);
}
