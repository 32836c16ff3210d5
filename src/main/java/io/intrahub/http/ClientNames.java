package io.intrahub.http;

import io.intrahub.base.CidrRange;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Names the client that a request or a connection counts against: the address of its peer, or the
 * address that a trusted proxy forwards. IPv6 clients are named by their /64 network, because one
 * client may use every address in it. Immutable.
 */
final class ClientNames {
  private static final int NETWORK_BYTES = 8;

  private final List<CidrRange> trusted;

  ClientNames(List<CidrRange> trusted) {
    this.trusted = List.copyOf(trusted);
  }

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

  /** Returns whether an address is that of a trusted proxy. */
  boolean isTrusted(InetAddress address) {
    return trusted.stream().anyMatch(cidrRange -> cidrRange.contains(address));
  }

  /**
   * Returns the name of the client that sent a request.
   *
   * @param peer the other end of the connection
   * @param forwardedFor the values of all {@code X-Forwarded-For} headers, in order. Only addresses
   *     that trusted proxies appended are believed; a client can make up all that precede them.
   */
  String name(InetAddress peer, List<String> forwardedFor) {
    if (!isTrusted(peer)) {
      return name(peer);
    }
    List<String> hops =
        forwardedFor.stream().flatMap(v -> Stream.of(v.split(",", -1))).map(String::strip).toList();
    InetAddress client = peer;
    for (String hop : hops.reversed()) {
      Optional<InetAddress> address = CidrRange.address(withoutPort(hop));
      if (address.isEmpty()) {
        break;
      }
      client = address.get();
      if (!isTrusted(client)) {
        break;
      }
    }
    return name(client);
  }

  /** Some proxies add the port: {@code 192.0.2.1:4711}, {@code [2001:db8::1]:4711}. */
  private static String withoutPort(String hop) {
    if (hop.startsWith("[")) {
      int end = hop.indexOf(']');
      return end < 0 ? hop : hop.substring(1, end);
    }
    int colon = hop.indexOf(':');
    // With more than one colon it is an IPv6 address.
    return colon >= 0 && colon == hop.lastIndexOf(':') ? hop.substring(0, colon) : hop;
  }
}
