package io.intrahub.upstream.net;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import okhttp3.Dns;
import okhttp3.HttpUrl;

/**
 * Keeps upstream from sending the mirror to addresses inside the organisation: a redirect to
 * 169.254.169.254 would fetch a cloud machine's secrets.
 *
 * <p>The configured endpoints are the operator's word and always allowed. Other hosts must resolve
 * to public addresses, unless an endpoint itself lies inside, as in a test or behind another
 * mirror. Where machines of a cloud ask for their secrets no redirect may lead in any case. Looked
 * at after DNS, so that a name can't hide an address. With an HTTP proxy the proxy resolves names:
 * only addresses that are written as such are refused then, and what else may be reached is for the
 * proxy's own rules to say.
 */
public final class RedirectGuard implements Dns {
  private static final Set<String> METADATA =
      Set.of("168.63.129.16", "100.100.100.200", "fd00:ec2:0:0:0:0:0:254");

  private static final byte[] TRANSLATED = {
    0, 0x64, (byte) 0xff, (byte) 0x9b, 0, 0, 0, 0, 0, 0, 0, 0
  };
  private static final byte[] TUNNELLED = {0x20, 0x02};

  private final Set<String> endpointHosts;
  private final Dns names;

  /** With these endpoints, and names as the system resolves them. */
  public RedirectGuard(Set<String> endpointHosts) {
    this(endpointHosts, BoundedDns.SYSTEM);
  }

  RedirectGuard(Set<String> endpointHosts, Dns names) {
    this.endpointHosts = Set.copyOf(endpointHosts);
    this.names = names;
  }

  /** Hosts that the operator named. */
  Set<String> endpointHosts() {
    return endpointHosts;
  }

  /** Whether a redirect from one address to another may be followed, as far as its text tells. */
  public boolean allows(HttpUrl from, HttpUrl to) {
    if (from.isHttps() && !to.isHttps()) {
      return false;
    }
    if (!to.username().isEmpty() || !to.password().isEmpty()) {
      return false;
    }
    // OkHttp asks no Dns for a literal address, so it is looked at here.
    return !isLiteral(to.host()) || mayReach(to.host(), literal(to.host()));
  }

  /**
   * The addresses that a connection to a host may be made to. OkHttp asks once for a connection and
   * connects to one of these addresses, so a name that resolves differently a moment later leads
   * nowhere else.
   */
  @Override
  public List<InetAddress> lookup(String host) throws UnknownHostException {
    List<InetAddress> all = names.lookup(host);
    if (endpointHosts.contains(host)) {
      return all;
    }
    List<InetAddress> allowed = all.stream().filter(a -> mayReach(host, a)).toList();
    if (allowed.isEmpty()) {
      throw new UnknownHostException(
          host + " is in the internal network, so the redirect is refused");
    }
    return allowed;
  }

  private boolean mayReach(String host, InetAddress address) {
    if (endpointHosts.contains(host)) {
      return true;
    }
    InetAddress meant = embedded(address);
    return !isNoServer(meant) && (!isInside(meant) || anEndpointIsInside());
  }

  private boolean anEndpointIsInside() {
    return endpointHosts.stream()
        .anyMatch(host -> {
          try {
            return names.lookup(host).stream().anyMatch(RedirectGuard::isInside);
          } catch (UnknownHostException e) {
            return false;
          }
        });
  }

  /**
   * Addresses at which no Hub and no CDN can be: those of the link, with 169.254.169.254 and its
   * like, Azure's wire server, Alibaba's and Amazon's metadata, and all that is no single machine.
   */
  private static boolean isNoServer(InetAddress address) {
    return address.isLinkLocalAddress()
        || address.isAnyLocalAddress()
        || address.isMulticastAddress()
        || METADATA.contains(address.getHostAddress());
  }

  /** What an IPv6 address of a translator (RFC 6052) or a tunnel (RFC 3056) leads to. */
  private static InetAddress embedded(InetAddress address) {
    byte[] bytes = address.getAddress();
    if (bytes.length == 4) {
      return address;
    }
    boolean translated = startsWith(bytes, TRANSLATED);
    boolean tunnelled = startsWith(bytes, TUNNELLED);
    if (!translated && !tunnelled) {
      return address;
    }
    int from = translated ? 12 : 2;
    try {
      return InetAddress.getByAddress(Arrays.copyOfRange(bytes, from, from + 4));
    } catch (UnknownHostException e) {
      throw new IllegalStateException("four bytes are an address", e);
    }
  }

  private static boolean startsWith(byte[] bytes, byte[] prefix) {
    return Arrays.equals(bytes, 0, prefix.length, prefix, 0, prefix.length);
  }

  static boolean isInside(InetAddress address) {
    byte[] bytes = address.getAddress();
    boolean uniqueLocal = bytes.length == 16 && (bytes[0] & 0xfe) == 0xfc;
    boolean sharedByCarriers = bytes.length == 4 && bytes[0] == 100 && (bytes[1] & 0xc0) == 64;
    return address.isLoopbackAddress()
        || address.isLinkLocalAddress()
        || address.isSiteLocalAddress()
        || address.isAnyLocalAddress()
        || address.isMulticastAddress()
        || uniqueLocal
        || sharedByCarriers;
  }

  private static boolean isLiteral(String host) {
    return host.contains(":") || host.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'));
  }

  private static InetAddress literal(String host) {
    try {
      return InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      return InetAddress.getLoopbackAddress();
    }
  }
}
