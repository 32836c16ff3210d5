package io.intrahub.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.base.CidrRange;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ClientNamesTest {
  private final ClientNames names =
      new ClientNames(
          Stream.of("10.0.0.0/24", "2001:db8:1::/48")
              .map(CidrRange::parse)
              .flatMap(Optional::stream)
              .toList());

  private String name(String peer, String... forwardedFor) {
    return names.name(InetAddress.ofLiteral(peer), List.of(forwardedFor));
  }

  @Test
  void a_client_is_the_address_of_its_connection() {
    assertThat(name("192.0.2.1")).isEqualTo("192.0.2.1");
  }

  @Test
  void an_ipv6_client_is_its_network_of_64_bits() {
    assertThat(name("2001:db8:2:3:4:5:6:7"))
        .isEqualTo(name("2001:db8:2:3:ffff::1"))
        .isEqualTo("2001:db8:2:3::/64")
        .isNotEqualTo(name("2001:db8:2:4::1"));
    assertThat(name("::ffff:192.0.2.1")).isEqualTo("192.0.2.1");
  }

  @Test
  void a_client_that_is_no_trusted_proxy_can_not_say_that_it_is_another() {
    assertThat(name("192.0.2.1", "198.51.100.1")).isEqualTo("192.0.2.1");
  }

  @Test
  void behind_a_trusted_proxy_the_right_most_other_address_counts() {
    assertThat(name("10.0.0.1", "198.51.100.1")).isEqualTo("198.51.100.1");
    // Whatever the client sent itself stands to the left of it.
    assertThat(name("10.0.0.1", "203.0.113.7, 198.51.100.1")).isEqualTo("198.51.100.1");
    assertThat(name("10.0.0.1", "203.0.113.7", "198.51.100.1")).isEqualTo("198.51.100.1");
    assertThat(name("10.0.0.1", "203.0.113.7, 198.51.100.1, 10.0.0.2")).isEqualTo("198.51.100.1");
    assertThat(name("2001:db8:1::5", "2001:db8:9:9::1")).isEqualTo("2001:db8:9:9::/64");
  }

  @Test
  void an_address_may_come_with_a_port() {
    assertThat(name("10.0.0.1", "198.51.100.1:4711")).isEqualTo("198.51.100.1");
    assertThat(name("10.0.0.1", "[2001:db8:9:9::1]:4711")).isEqualTo("2001:db8:9:9::/64");
  }

  @Test
  void behind_what_is_no_address_nothing_is_believed() {
    assertThat(name("10.0.0.1", "198.51.100.1, unknown")).isEqualTo("10.0.0.1");
    assertThat(name("10.0.0.1", "198.51.100.1, _hidden, 10.0.0.2")).isEqualTo("10.0.0.2");
    assertThat(name("10.0.0.1", "")).isEqualTo("10.0.0.1");
    assertThat(name("10.0.0.1", "[::1")).isEqualTo("10.0.0.1");
  }
}
