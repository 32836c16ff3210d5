package io.intrahub.cli.doctor;

import io.intrahub.upstream.hub.EndpointSettings;
import io.intrahub.upstream.net.ConnectionErrors;
import io.intrahub.upstream.net.HttpProxy;
import io.intrahub.upstream.net.ProxySettings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Which proxies are in use, and whether they accept connections. */
public final class ProxyCheck implements Check {
  static final String NAME = "proxy";

  private final List<EndpointSettings> endpoints;
  private final ProxySettings proxies;
  private final String source;
  private final Duration patience;

  /**
   * Connects to nothing yet.
   *
   * @param source the option or variable that the proxies come from
   * @param patience how long a connection may take
   */
  public ProxyCheck(
      List<EndpointSettings> endpoints, ProxySettings proxies, String source, Duration patience) {
    this.endpoints = List.copyOf(endpoints);
    this.proxies = proxies;
    this.source = source;
    this.patience = patience;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String adviceWhenLate() {
    return "Correct the address of the proxy (" + source + ").";
  }

  @Override
  public Finding run() {
    List<HttpProxy> used =
        endpoints.stream()
            .map(endpoint -> DnsCheck.proxyFor(endpoint.address(), proxies))
            .flatMap(Optional::stream)
            .distinct()
            .toList();
    if (used.isEmpty()) {
      return Finding.ok("none is used (" + source + ")");
    }
    for (HttpProxy proxy : used) {
      try (Socket socket = new Socket()) {
        InetSocketAddress address = new InetSocketAddress(proxy.host(), proxy.port());
        if (address.isUnresolved()) {
          throw new UnknownHostException(proxy.host());
        }
        socket.connect(address, (int) patience.toMillis());
      } catch (IOException e) {
        return Finding.failed(
            proxy + " can't be reached: " + ConnectionErrors.describe(e),
            "Correct it in "
                + source
                + ". If this server is reached directly, name the endpoint"
                + " in NO_PROXY or upstream.no-proxy.");
      }
    }
    return Finding.ok(
        used.stream().map(HttpProxy::toString).collect(Collectors.joining(", "))
            + " accepts connections ("
            + source
            + ")");
  }
}
