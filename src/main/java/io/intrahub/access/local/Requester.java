package io.intrahub.access.local;

import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * Who asks, as far as {@link AccessRules} care.
 *
 * @param client the client's address, or the one that a trusted proxy forwards. An IPv4 address
 *     mapped into IPv6 becomes an IPv4 address here.
 * @param credential what the token of the request is to this mirror
 */
public record Requester(InetAddress client, LocalCredential credential) {
  /** Normalises the address, so that each client has one spelling only. */
  public Requester {
    client = plain(client);
  }

  private static InetAddress plain(InetAddress address) {
    try {
      // Drops a host name and a scope, too.
      return InetAddress.getByAddress(address.getAddress());
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("not an address of 4 or 16 bytes: " + address, e);
    }
  }
}
