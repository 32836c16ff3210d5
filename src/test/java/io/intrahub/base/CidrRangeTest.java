package io.intrahub.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CidrRangeTest {
  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.255.255.255, true",
    "10.0.0.0/8, 11.0.0.0, false",
    "192.168.1.128/25, 192.168.1.200, true",
    "192.168.1.128/25, 192.168.1.127, false",
    "192.168.1.7, 192.168.1.7, true",
    "192.168.1.7, 192.168.1.6, false",
    "0.0.0.0/0, 203.0.113.9, true",
    "0.0.0.0/0, 2001:db8::1, false",
    "2001:db8::/32, 2001:db8:ffff::1, true",
    "2001:db8::/32, 2001:db9::1, false",
    "::/0, 10.0.0.1, false",
    // How Java shows an IPv4 client of a listener on an IPv6 address.
    "10.0.0.0/8, ::ffff:10.1.2.3, true",
  })
  void a_network_has_the_addresses_that_share_its_first_bits(
      String network, String address, boolean within) {
    InetAddress tested = InetAddress.ofLiteral(address);
    assertThat(CidrRange.parse(network).orElseThrow().contains(tested)).isEqualTo(within);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "a.example"})
  void nothing_else_is_a_network(String text) {
    assertThat(CidrRange.parse(text)).isEmpty();
  }

  @Test
  void a_name_is_no_address_and_is_not_resolved() {
    assertThat(CidrRange.address("localhost")).isEmpty();
    assertThat(CidrRange.address("127.0.0.1")).isPresent();
  }
}
