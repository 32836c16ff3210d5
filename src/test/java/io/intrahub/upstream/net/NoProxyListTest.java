package io.intrahub.upstream.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NoProxyListTest {
  @ParameterizedTest
  @CsvSource({
    "*, hub.example, 443",
    "hub.example, hub.example, 443",
    "HUB.Example, hub.example, 443",
    "hub.example., hub.example, 443",
    "' hub.example ', hub.example, 443",
    "example, hub.example, 443",
    ".example, hub.example, 443",
    "*.example, hub.example, 443",
    ".hub.example, hub.example, 443",
    "hub.example:8080, hub.example, 8080",
    "a.example;hub.example, hub.example, 443",
    "10.1.2.3, 10.1.2.3, 80",
    "10.1.2.3:80, 10.1.2.3, 80",
    "10.0.0.0/8, 10.255.0.1, 443",
    "10.1.2.128/25, 10.1.2.129, 443",
    "0.0.0.0/0, 10.1.2.3, 443",
    "fd00::/8, fd12::1, 443",
    "::1, ::1, 443",
    "[::1], ::1, 443",
    "[::1]:8080, ::1, 8080",
    "0:0:0:0:0:0:0:1, ::1, 443"
  })
  void these_match(String list, String host, int port) {
    assertThat(NoProxyList.of(Arrays.asList(list.split(";"))).matches(host, port)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "'', hub.example, 443",
    "., hub.example, 443",
    "hub.example, evilhub.example, 443",
    "hub.example, hub.example.evil, 443",
    "hub.example:8080, hub.example, 443",
    "hub.*, hub.example, 443",
    "http://hub.example, hub.example, 443",
    "10.1.2.3, 110.1.2.3, 80",
    "2.3, 10.1.2.3, 80",
    ".2.3, 10.1.2.3, 80",
    "10.0.0.0/8, 11.0.0.1, 443",
    "10.0.0.0/33, 10.0.0.1, 443",
    "10.0.0.0/x, 10.0.0.1, 443",
    "10.0.0.0/8, ten.example, 443",
    "10.1.2.128/25, 10.1.2.127, 443",
    "fd00::/8, fe00::1, 443",
    "0.0.0.0/0, ::1, 443",
    "[::1]:8080, ::1, 443",
    "[hub.example], hub.example, 443"
  })
  void these_do_not(String list, String host, int port) {
    assertThat(NoProxyList.of(Arrays.asList(list.split(";"))).matches(host, port)).isFalse();
  }
}
