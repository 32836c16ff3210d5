package io.intrahub.upstream.net;

import java.util.Optional;

/**
 * Which proxy leads to which address. The JVM's own properties for proxies are not looked at.
 *
 * @param forHttp for addresses that begin with {@code http://}
 * @param forHttps for addresses that begin with {@code https://}
 * @param exceptions addresses that are reached without a proxy
 */
public record ProxySettings(
    Optional<HttpProxy> forHttp, Optional<HttpProxy> forHttps, NoProxyList exceptions) {
  /** No proxy at all. */
  public static final ProxySettings DIRECT =
      new ProxySettings(Optional.empty(), Optional.empty(), NoProxyList.NONE);

  /** One proxy for everything but the exceptions. */
  public static ProxySettings of(HttpProxy proxy, NoProxyList exceptions) {
    return new ProxySettings(Optional.of(proxy), Optional.of(proxy), exceptions);
  }

  /**
   * The proxy on the way to a server.
   *
   * @param host in lower case, IPv6 without brackets
   * @return empty if the way is direct
   */
  public Optional<HttpProxy> proxyFor(boolean https, String host, int port) {
    Optional<HttpProxy> proxy = https ? forHttps : forHttp;
    return proxy.filter(p -> !exceptions.matches(host, port));
  }
}
