package io.intrahub.admin;

import io.intrahub.base.AddressRanges;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Detects requests that a web page sends to the admin listener through the browser of somebody who
 * can reach it.
 *
 * <p>A page can make its own host name resolve to the listener's address (DNS rebinding); then
 * {@code Host} holds that name. This is impossible with an IP address, so every IP address is
 * accepted. A page that uses a name of the listener is detected by its {@code Origin}. Immutable.
 */
final class HostCheck {
  private final Set<String> names = new HashSet<>();

  /**
   * Creates a check.
   *
   * @param bound host that the listener is bound to
   * @param configured further names of the listener
   */
  HostCheck(String bound, List<String> configured) {
    names.add("localhost");
    names.add(bound.toLowerCase(Locale.ROOT));
    configured.forEach(name -> names.add(name.toLowerCase(Locale.ROOT)));
  }

  /** Returns whether {@code Host} names this listener. */
  boolean isOwn(String host) {
    String name = withoutPort(host).toLowerCase(Locale.ROOT);
    return names.contains(name) || AddressRanges.address(name).isPresent();
  }

  /** Returns whether a request comes from a web page of another origin. */
  static boolean isForeign(Optional<String> origin, String host) {
    return origin
        .filter(
            o -> !o.equalsIgnoreCase("http://" + host) && !o.equalsIgnoreCase("https://" + host))
        .isPresent();
  }

  private static String withoutPort(String host) {
    if (host.startsWith("[")) {
      int end = host.indexOf(']');
      return end < 0 ? host : host.substring(1, end);
    }
    int colon = host.indexOf(':');
    return colon >= 0 && colon == host.lastIndexOf(':') ? host.substring(0, colon) : host;
  }
}
