package io.intrahub.cli.doctor;

import io.intrahub.base.AddressRanges;
import io.intrahub.upstream.net.HttpProxy;
import io.intrahub.upstream.net.ProxySettings;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;

/** Whether the name of an endpoint can be resolved. */
public final class DnsCheck implements Check {
  private static final long SLOW_MILLIS = 1_000;

  private final URI endpoint;
  private final ProxySettings proxies;

  public DnsCheck(URI endpoint, ProxySettings proxies) {
    this.endpoint = endpoint;
    this.proxies = proxies;
  }

  /** The name of the check for an endpoint. */
  static String nameFor(String host) {
    return "dns " + host;
  }

  @Override
  public String name() {
    return nameFor(endpoint.getHost());
  }

  @Override
  public Duration limit() {
    return Duration.ofSeconds(10);
  }

  @Override
  public String adviceWhenLate() {
    return "The name servers in /etc/resolv.conf do not answer. Name others there, or a proxy in"
        + " upstream.proxy, which resolves names itself.";
  }

  @Override
  public Finding run() {
    Optional<HttpProxy> proxy = proxyFor(endpoint, proxies);
    if (proxy.isPresent()) {
      return Finding.ok("resolved by the proxy " + proxy.get());
    }
    return look(endpoint.getHost());
  }

  /** The proxy on the way to an address. */
  static Optional<HttpProxy> proxyFor(URI address, ProxySettings proxies) {
    boolean https = "https".equalsIgnoreCase(address.getScheme());
    int usual = https ? 443 : 80;
    return proxies.proxyFor(
        https, address.getHost(), address.getPort() < 0 ? usual : address.getPort());
  }

  /** Resolves a name. */
  static Finding look(String host) {
    if (AddressRanges.address(host).isPresent()) {
      return Finding.ok("written as an address");
    }
    long begin = System.nanoTime();
    try {
      int found = InetAddress.getAllByName(host).length;
      return judge(found, (System.nanoTime() - begin) / 1_000_000);
    } catch (UnknownHostException _) {
      return Finding.failed(
          host + " can't be resolved",
          "Try: getent hosts " + host + ". If it finds nothing, correct /etc/resolv.conf.",
          "If only a proxy of your network reaches the internet, name it in HTTPS_PROXY or"
              + " upstream.proxy.");
    }
  }

  /** Judges a name that was resolved. */
  static Finding judge(int addresses, long millis) {
    String summary =
        "%d %s in %d ms".formatted(addresses, addresses == 1 ? "address" : "addresses", millis);
    return millis < SLOW_MILLIS
        ? Finding.ok(summary)
        : Finding.warning(
            summary, "The first name server in /etc/resolv.conf may be down: replace it.");
  }
}
