package io.intrahub.admin;

import io.intrahub.base.CidrRange;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Tells requests to the operator's listener that a person or a monitor makes from those that a web
 * page makes behind the back of a person who may reach it.
 *
 * <p>A page can have its own name resolve to the listener's address (DNS rebinding); then its name
 * stands in {@code Host}. It can't do so with an address, so every address is taken. A page that
 * asks under the listener's own name is told by its {@code Origin}. Immutable.
 */
final class HostCheck {
  private final Set<String> names = new HashSet<>();

  /**
   * Makes the check.
   *
   * @param bound what the listener is bound to
   * @param configured further names
   */
  HostCheck(String bound, List<String> configured) {
    names.add("localhost");
    names.add(bound.toLowerCase(Locale.ROOT));
    configured.forEach(name -> names.add(name.toLowerCase(Locale.ROOT)));
  }

  /** Whether a request with this {@code Host} is meant for this listener. */
  boolean isOwn(String host) {
    String name = withoutPort(host).toLowerCase(Locale.ROOT);
    return names.contains(name) || CidrRange.address(name).isPresent();
  }

  /** Whether a request comes from a page of another origin, if from a page at all. */
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
