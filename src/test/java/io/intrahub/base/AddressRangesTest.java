package io.intrahub.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressRangesTest {
  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.255.255.255, true",
    "10.0.0.0/8, 11.0.0.0, false",
    "10.1.2.3/8, 10.255.255.255, true",
    "192.168.1.128/25, 192.168.1.200, true",
    "192.168.1.128/25, 192.168.1.127, false",
    "192.168.1.7, 192.168.1.7, true",
    "192.168.1.7, 192.168.1.6, false",
    "192.168.1.0, 192.168.1.7, false",
    "192.168.1.7/32, 192.168.1.6, false",
    "0.0.0.0/0, 203.0.113.9, true",
    "0.0.0.0/0, 2001:db8::1, false",
    "2001:db8::/32, 2001:db8:ffff::1, true",
    "2001:db8::/32, 2001:db9::1, false",
    "2001:DB8::1, 2001:db8:0:0::1, true",
    "fe80::/10, fe80::1, true",
    "::/0, 10.0.0.1, false",
    "::1, 127.0.0.1, false",
    // How Java shows an IPv4 client of a listener on an IPv6 address.
    "10.0.0.0/8, ::ffff:10.1.2.3, true",
    "::ffff:10.0.0.0/104, 10.1.2.3, true",
    "::ffff:10.0.0.0/104, 11.1.2.3, false",
    "::ffff:10.1.2.3, 10.1.2.3, true",
  })
  void a_network_has_the_addresses_that_share_its_first_bits(
      String network, String address, boolean within) {
    InetAddress tested = InetAddress.ofLiteral(address);
    assertThat(AddressRanges.parse(network).orElseThrow().contains(tested)).isEqualTo(within);
    assertThat(AddressRanges.of(List.of("198.51.100.1", network)).contains(tested))
        .isEqualTo(within);
  }

  @Test
  void the_mapped_form_of_an_address_is_the_same_address() throws Exception {
    byte[] mapped = Inet6Address.ofLiteral("::fffe:10.1.2.3").getAddress();
    mapped[11] = (byte) 0xff;
    InetAddress six = Inet6Address.getByAddress("", mapped, -1);
    assertThat(six).isInstanceOf(Inet6Address.class);
    assertThat(AddressRanges.of(List.of("10.0.0.0/8")).contains(six)).isTrue();
  }

  @Test
  void the_zone_of_a_link_local_address_does_not_matter() throws Exception {
    byte[] bytes = InetAddress.ofLiteral("fe80::1").getAddress();
    InetAddress scoped = Inet6Address.getByAddress("", bytes, 1);
    assertThat(AddressRanges.of(List.of("fe80::/10")).contains(scoped)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "::/129",
        "10.0.0.0/-1",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/8/8",
        "a.example",
        "localhost",
        "*",
        "10.*",
        "10.0.0.1-9",
        "10.0.0.1,2",
        "10",
        "10.0.1",
        "010.0.0.1",
        "0x0a.0.0.1",
        "256.0.0.1",
        "fe80::1%1",
        "fe80::%1/64",
        "[::1]",
        "::g",
        "1::2::3",
        "10.0.0.1:80"
      })
  void nothing_else_is_a_network(String text) {
    assertThat(AddressRanges.parse(text)).isEmpty();
    assertThat(AddressRanges.address(text)).isEmpty();
    assertThatThrownBy(() -> AddressRanges.of(List.of("10.0.0.1", text)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("\"" + text + "\" is not an IP address, and not a network such as 10.0.0.0/8");
  }

  @Test
  void a_network_is_no_address() {
    assertThat(AddressRanges.address("10.0.0.0/8")).isEmpty();
    assertThat(AddressRanges.address("127.0.0.1")).contains(InetAddress.ofLiteral("127.0.0.1"));
    assertThat(AddressRanges.address("::ffff:127.0.0.1"))
        .contains(InetAddress.ofLiteral("127.0.0.1"));
    assertThat(AddressRanges.address("2001:db8::1")).contains(InetAddress.ofLiteral("2001:db8::1"));
  }

  @Test
  void the_empty_set_has_no_address() {
    assertThat(AddressRanges.NONE.contains(InetAddress.ofLiteral("127.0.0.1"))).isFalse();
    assertThat(AddressRanges.of(List.of())).isEqualTo(AddressRanges.NONE);
    assertThat(AddressRanges.of(List.of("10.0.0.0/8")))
        .isEqualTo(AddressRanges.parse("10.1.2.3/8").orElseThrow())
        .isNotEqualTo(AddressRanges.NONE);
  }
}
