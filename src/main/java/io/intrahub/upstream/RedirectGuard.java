package io.intrahub.upstream;

import java.net.InetAddress;
import java.net.UnknownHostException;
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
 * mirror. Looked at after DNS, so that a name can't hide an address. With an HTTP proxy the proxy
 * resolves names, and only the literal check is left.
 */
final class RedirectGuard implements Dns {
  private final Set<String> endpointHosts;

  RedirectGuard(Set<String> endpointHosts) {
    this.endpointHosts = Set.copyOf(endpointHosts);
  }

  /** Whether a redirect from one address to another may be followed, as far as its text tells. */
  boolean allows(HttpUrl from, HttpUrl to) {
    if (from.isHttps() && !to.isHttps()) {
      return false;
    }
    if (!to.username().isEmpty() || !to.password().isEmpty()) {
      return false;
    }
    // OkHttp asks no Dns for a literal address, so it is looked at here.
    return !isLiteral(to.host()) || mayReach(to.host(), literal(to.host()));
  }

  @Override
  public List<InetAddress> lookup(String host) throws UnknownHostException {
    List<InetAddress> all = Dns.SYSTEM.lookup(host);
    if (endpointHosts.contains(host)) {
      return all;
    }
    List<InetAddress> allowed = all.stream().filter(a -> mayReach(host, a)).toList();
    if (allowed.isEmpty()) {
      throw new UnknownHostException(host + " lies inside this network; the redirect is refused");
    }
    return allowed;
  }

  private boolean mayReach(String host, InetAddress address) {
    return endpointHosts.contains(host) || !isInside(address) || anEndpointIsInside();
  }

  private boolean anEndpointIsInside() {
    return endpointHosts.stream()
        .anyMatch(host -> {
          try {
            return Dns.SYSTEM.lookup(host).stream().anyMatch(RedirectGuard::isInside);
          } catch (UnknownHostException e) {
            return false;
          }
        });
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
