package io.intrahub.upstream.net;

import java.time.Duration;

/**
 * How HTTP calls are made, whatever they ask for.
 *
 * @param connectTimeout for establishing a connection, TLS included
 * @param firstByteTimeout from sending a request to the head of its answer
 * @param stallTimeout between two reads of a body; a whole body has no limit here
 * @param userAgent sent with each request
 * @param proxies the proxies on the way
 * @param tls the trusted CA certificates and the client certificate
 */
public record NetworkSettings(
    Duration connectTimeout,
    Duration firstByteTimeout,
    Duration stallTimeout,
    String userAgent,
    ProxySettings proxies,
    TlsSettings tls) {
  /** The numbers of the configuration reference, without a proxy. */
  public static final NetworkSettings DEFAULT =
      new NetworkSettings(
          Duration.ofSeconds(5),
          Duration.ofSeconds(20),
          Duration.ofSeconds(30),
          "intrahub",
          ProxySettings.DIRECT,
          TlsSettings.JVM);

  /** The same with one value for all three time-outs. */
  public NetworkSettings withTimeouts(Duration each) {
    return new NetworkSettings(each, each, each, userAgent, proxies, tls);
  }

  /** The same with another limit for the head of an answer. */
  public NetworkSettings withFirstByteTimeout(Duration timeout) {
    return new NetworkSettings(connectTimeout, timeout, stallTimeout, userAgent, proxies, tls);
  }

  /** The same with other proxies. */
  public NetworkSettings withProxies(ProxySettings other) {
    return new NetworkSettings(
        connectTimeout, firstByteTimeout, stallTimeout, userAgent, other, tls);
  }

  /** The same with other certificates. */
  public NetworkSettings withTls(TlsSettings other) {
    return new NetworkSettings(
        connectTimeout, firstByteTimeout, stallTimeout, userAgent, proxies, other);
  }
}
