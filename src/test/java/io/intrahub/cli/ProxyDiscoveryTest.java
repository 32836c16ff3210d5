package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.config.ProxyChoice;
import io.intrahub.upstream.net.HttpProxy;
import io.intrahub.upstream.net.ProxySettings;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ProxyDiscoveryTest {
  private static final ProxyChoice ENVIRONMENT = new ProxyChoice.FromEnvironment();

  @Test
  void without_any_word_all_ways_are_direct() throws StartException {
    ProxySettings settings =
        ProxyDiscovery.settings(ENVIRONMENT, List.of(), Map.of("HTTPS_PROXY", " "));

    assertThat(settings.forHttp()).isEmpty();
    assertThat(settings.forHttps()).isEmpty();
    assertThat(ProxyDiscovery.describe(settings)).isEmpty();
  }

  @Test
  void each_scheme_has_its_variable() throws StartException {
    ProxySettings settings =
        ProxyDiscovery.settings(
            ENVIRONMENT,
            List.of(),
            Map.of("HTTPS_PROXY", "http://a:1", "HTTP_PROXY", "b:2", "ALL_PROXY", "http://c:3"));

    assertThat(settings.forHttps()).contains(plain("a", 1));
    assertThat(settings.forHttp()).contains(plain("b", 2));
    assertThat(ProxyDiscovery.describe(settings)).contains("Proxy:    http://a:1, http://b:2");
  }

  @Test
  void one_variable_stands_in_for_both_and_lower_case_wins() throws StartException {
    ProxySettings settings =
        ProxyDiscovery.settings(
            ENVIRONMENT,
            List.of(),
            Map.of("https_proxy", "http://a:1", "HTTPS_PROXY", "http://b:2", "all_proxy", "c:3"));

    assertThat(settings.forHttps()).contains(plain("a", 1));
    assertThat(settings.forHttp()).contains(plain("c", 3));
  }

  @Test
  void what_is_configured_wins_over_the_environment() throws StartException {
    Map<String, String> environment =
        Map.of("HTTPS_PROXY", "http://a:1", "ALL_PROXY", "socks5://x");

    assertThat(ProxyDiscovery.settings(new ProxyChoice.None(), List.of(), environment))
        .isEqualTo(ProxySettings.DIRECT);
    ProxySettings own =
        ProxyDiscovery.settings(
            ProxyChoice.parse("https://ada:secret@p:3128").orElseThrow(), List.of(), environment);
    HttpProxy.Credentials login = new HttpProxy.Credentials("ada", "secret");
    assertThat(own.forHttp()).contains(new HttpProxy(true, "p", 3128, Optional.of(login)));
    assertThat(own.forHttps()).isEqualTo(own.forHttp());
    assertThat(ProxyDiscovery.describe(own)).contains("Proxy:    https://p:3128");
  }

  @Test
  void a_variable_that_names_no_http_proxy_stops_the_start_without_being_shown() {
    assertThatThrownBy(() ->
            ProxyDiscovery.settings(
                ENVIRONMENT, List.of(), Map.of("ALL_PROXY", "socks5://ada:secret@proxy:1080")))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("ALL_PROXY is not an HTTP proxy")
        .hasMessageContaining("upstream.proxy")
        .hasMessageNotContaining("secret");
  }

  private static HttpProxy plain(String host, int port) {
    return new HttpProxy(false, host, port, Optional.empty());
  }
}
