package io.intrahub.upstream.net;

import io.intrahub.base.AddressRanges;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Servers that are reached without a proxy, written as in the variable {@code NO_PROXY}. There is
 * no standard for that; these forms mean the same to curl 8 and to Go 1.22:
 *
 * <ul>
 *   <li>{@code *}: every server
 *   <li>{@code corp.example}, {@code .corp.example} or {@code *.corp.example}: that host and all
 *       below it
 *   <li>{@code 10.1.2.3} or {@code 10.0.0.0/8}, IPv6 too: hosts that are written as addresses; a
 *       name is not resolved to find out
 *   <li>any of them but the network with {@code :8080}: on that port only
 * </ul>
 *
 * <p>What has none of these forms matches nothing.
 */
public final class NoProxyList {
  /** No exception. */
  public static final NoProxyList NONE = new NoProxyList(List.of());

  private static final Pattern WITH_PORT =
      Pattern.compile("(\\[[^\\]]+\\]|[^:\\[\\]]+)(?::(\\d{1,5}))?");

  private final List<Rule> rules;

  private NoProxyList(List<Rule> rules) {
    this.rules = rules;
  }

  /** Makes the list from its elements, in the forms above. */
  public static NoProxyList of(List<String> elements) {
    return new NoProxyList(
        elements.stream().map(NoProxyList::rule).flatMap(Optional::stream).toList());
  }

  boolean matches(String host, int port) {
    Optional<InetAddress> address = AddressRanges.address(host);
    return rules.stream().anyMatch(rule -> rule.matches(host, address, port));
  }

  private sealed interface Rule {
    boolean matches(String host, Optional<InetAddress> address, int port);
  }

  private record Any() implements Rule {
    @Override
    public boolean matches(String host, Optional<InetAddress> address, int port) {
      return true;
    }
  }

  private record Name(String name, Optional<Integer> only) implements Rule {
    @Override
    public boolean matches(String host, Optional<InetAddress> address, int port) {
      boolean below = address.isEmpty() && host.endsWith("." + name);
      return (host.equals(name) || below) && only.map(p -> p == port).orElse(true);
    }
  }

  private record Addresses(AddressRanges ranges, Optional<Integer> only) implements Rule {
    @Override
    public boolean matches(String host, Optional<InetAddress> address, int port) {
      return address.filter(ranges::contains).isPresent() && only.map(p -> p == port).orElse(true);
    }
  }

  private static Optional<Rule> rule(String element) {
    String text = element.strip().toLowerCase(Locale.ROOT);
    if (text.equals("*")) {
      return Optional.of(new Any());
    }
    Optional<AddressRanges> whole = AddressRanges.parse(text);
    if (whole.isPresent() || text.indexOf('/') >= 0) {
      return whole.map(n -> new Addresses(n, Optional.empty()));
    }
    Matcher form = WITH_PORT.matcher(text);
    if (!form.matches()) {
      return Optional.empty();
    }
    Optional<Integer> port = Optional.ofNullable(form.group(2)).map(Integer::valueOf);
    String host = form.group(1);
    boolean bracketed = host.startsWith("[");
    Optional<AddressRanges> address =
        AddressRanges.parse(bracketed ? host.substring(1, host.length() - 1) : host);
    if (address.isPresent()) {
      return address.map(a -> new Addresses(a, port));
    }
    String name = host.replaceFirst("^\\*?\\.", "").replaceFirst("\\.$", "");
    return name.isEmpty() || bracketed ? Optional.empty() : Optional.of(new Name(name, port));
  }
}
