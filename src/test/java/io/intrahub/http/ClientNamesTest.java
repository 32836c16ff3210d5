package io.intrahub.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;

class ClientNamesTest {
  private static String name(String address) {
    return ClientNames.name(InetAddress.ofLiteral(address));
  }

  @Test
  void an_ipv4_client_is_its_address() {
    assertThat(name("192.0.2.1")).isEqualTo("192.0.2.1");
    assertThat(name("::ffff:192.0.2.1")).isEqualTo("192.0.2.1");
  }

  @Test
  void an_ipv6_client_is_its_network_of_64_bits() {
    assertThat(name("2001:db8:2:3:4:5:6:7"))
        .isEqualTo(name("2001:db8:2:3:ffff::1"))
        .isEqualTo("2001:db8:2:3::/64")
        .isNotEqualTo(name("2001:db8:2:4::1"));
  }
}
