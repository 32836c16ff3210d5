package io.intrahub.http;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Names the client that a request or a connection counts against. IPv6 clients are named by their
 * /64 network, because one client may use every address in it.
 */
final class ClientNames {
  private static final int NETWORK_BYTES = 8;

  private ClientNames() {}

  /** Returns the name of the client at an address. */
  static String name(InetAddress address) {
    if (!(address instanceof Inet6Address)) {
      return address.getHostAddress();
    }
    byte[] bytes = address.getAddress();
    StringBuilder name = new StringBuilder();
    for (int i = 0; i < NETWORK_BYTES; i += 2) {
      int group = (bytes[i] & 0xff) << Byte.SIZE | (bytes[i + 1] & 0xff);
      name.append(Integer.toHexString(group)).append(':');
    }
    return name.append(":/64").toString();
  }

  /** Returns the address of a peer; empty if the peer has already disconnected. */
  static Optional<InetAddress> address(@Nullable SocketAddress peer) {
    return peer instanceof InetSocketAddress inet
        ? Optional.ofNullable(inet.getAddress())
        : Optional.empty();
  }
}
