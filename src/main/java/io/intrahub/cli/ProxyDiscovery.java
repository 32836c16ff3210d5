package io.intrahub.cli;

import io.intrahub.config.ProxyChoice;
import io.intrahub.upstream.net.HttpProxy;
import io.intrahub.upstream.net.NoProxyList;
import io.intrahub.upstream.net.ProxySettings;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Finds the proxies for upstream, from the configuration or the environment. */
final class ProxyDiscovery {
  private ProxyDiscovery() {}

  /**
   * Returns the proxies.
   *
   * @param choice the configured proxy
   * @param exceptions servers that are configured to be reached directly
   * @param environment used only if the choice says so. As with curl, a lower-case name overrides
   *     the upper-case one, and {@code ALL_PROXY} applies to both schemes
   * @throws StartException if a variable does not name an HTTP proxy, because going on without one
   *     would end in timeouts that are hard to explain
   */
  static ProxySettings settings(
      ProxyChoice choice, List<String> exceptions, Map<String, String> environment)
      throws StartException {
    return switch (choice) {
      case ProxyChoice.None _ -> ProxySettings.DIRECT;
      case ProxyChoice.Address address ->
          ProxySettings.of(proxy(address), NoProxyList.of(exceptions));
      case ProxyChoice.FromEnvironment _ -> {
        Optional<HttpProxy> http = named(environment, "http_proxy");
        Optional<HttpProxy> https = named(environment, "https_proxy");
        List<String> all =
            Stream.concat(
                    exceptions.stream(),
                    value(environment, "no_proxy").stream()
                        .flatMap(v -> Arrays.stream(v.value().split("[,\\s]+"))))
                .toList();
        yield new ProxySettings(http, https, NoProxyList.of(all));
      }
    };
  }

  /** Returns where the proxies come from: the name of a variable, or the option. */
  static String source(ProxyChoice choice, Map<String, String> environment) {
    return switch (choice) {
      case ProxyChoice.None _ -> "upstream.proxy: none";
      case ProxyChoice.Address _ -> "upstream.proxy";
      case ProxyChoice.FromEnvironment _ -> {
        String names =
            Stream.of("https_proxy", "http_proxy", "all_proxy")
                .flatMap(name -> value(environment, name).stream())
                .map(Variable::name)
                .collect(Collectors.joining(", "));
        yield names.isEmpty() ? "HTTPS_PROXY is not set" : names;
      }
    };
  }

  /** Returns a line for the terminal, without credentials; empty if there is no proxy. */
  static Optional<String> describe(ProxySettings settings) {
    String proxies =
        Stream.of(settings.forHttps(), settings.forHttp())
            .flatMap(Optional::stream)
            .distinct()
            .map(HttpProxy::toString)
            .collect(Collectors.joining(", "));
    return proxies.isEmpty() ? Optional.empty() : Optional.of("Proxy:    " + proxies);
  }

  private record Variable(String name, String value) {}

  private static Optional<Variable> value(Map<String, String> environment, String name) {
    return Stream.of(name, name.toUpperCase(Locale.ROOT))
        .filter(n -> !environment.getOrDefault(n, "").isBlank())
        .map(n -> new Variable(n, environment.getOrDefault(n, "").strip()))
        .findFirst();
  }

  private static Optional<HttpProxy> named(Map<String, String> environment, String name)
      throws StartException {
    Optional<Variable> variable =
        value(environment, name).or(() -> value(environment, "all_proxy"));
    if (variable.isEmpty()) {
      return Optional.empty();
    }
    ProxyChoice.Address address =
        ProxyChoice.Address.parse(variable.get().value())
            .orElseThrow(() ->
                new StartException(
                    variable.get().name()
                        + " is not an HTTP proxy such as http://user:password@proxy.example:3128."
                        + " Change it, or set upstream.proxy (none: no proxy)."));
    return Optional.of(proxy(address));
  }

  private static HttpProxy proxy(ProxyChoice.Address address) {
    return new HttpProxy(
        address.tls(),
        address.host(),
        address.port(),
        address.login().map(l -> new HttpProxy.Credentials(l.user(), l.password())));
  }
}
