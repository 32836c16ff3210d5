package io.intrahub.http;

import java.net.InetAddress;
import java.util.Optional;

/**
 * What a request looked like before trusted proxies forwarded it. Each part that they do not tell
 * is the one of the request that arrived here.
 *
 * @param client the client's address
 * @param scheme {@code http} or {@code https}; empty if no proxy told it
 * @param host host name or address, with the port if there is one; empty if no proxy told it
 * @param prefix the part of the path that a proxy removed: empty, or a slash and path segments
 */
record ForwardedRequest(
    InetAddress client, Optional<String> scheme, Optional<String> host, String prefix) {
  /** A request that came directly from the other end of its connection. */
  static ForwardedRequest direct(InetAddress peer) {
    return new ForwardedRequest(peer, Optional.empty(), Optional.empty(), "");
  }
}
