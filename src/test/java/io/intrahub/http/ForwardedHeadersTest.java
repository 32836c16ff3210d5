package io.intrahub.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.base.AddressRanges;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ForwardedHeadersTest {
  private static final String PROXY = "10.0.0.1";
  private static final String FOR = "X-Forwarded-For";
  private static final String PROTO = "X-Forwarded-Proto";
  private static final String HOST = "X-Forwarded-Host";
  private static final String PREFIX = "X-Forwarded-Prefix";

  private final ForwardedHeaders headers =
      new ForwardedHeaders(AddressRanges.of(List.of("10.0.0.0/24", "2001:db8:1::/48")));

  private ForwardedHeaders.Reading read(String peer, String header, String... values) {
    Map<String, List<String>> all = Map.of(header, List.of(values));
    return headers.read(InetAddress.ofLiteral(peer), name -> all.getOrDefault(name, List.of()));
  }

  private ForwardedRequest accepted(String peer, String header, String... values) {
    ForwardedHeaders.Reading reading = read(peer, header, values);
    assertThat(reading).isInstanceOf(ForwardedHeaders.Reading.Read.class);
    return ((ForwardedHeaders.Reading.Read) reading).request();
  }

  private String refused(String header, String... values) {
    ForwardedHeaders.Reading reading = read(PROXY, header, values);
    assertThat(reading).isInstanceOf(ForwardedHeaders.Reading.Malformed.class);
    return ((ForwardedHeaders.Reading.Malformed) reading).why();
  }

  private String client(String peer, String... forwardedFor) {
    return accepted(peer, FOR, forwardedFor).client().getHostAddress();
  }

  @Test
  void a_client_that_is_no_trusted_proxy_can_not_say_that_it_is_another() {
    assertThat(client("192.0.2.1", "198.51.100.1")).isEqualTo("192.0.2.1");
    assertThat(client("192.0.2.1", "rubbish")).isEqualTo("192.0.2.1");
    for (String header : List.of(PROTO, HOST, PREFIX)) {
      for (String value : List.of("https", "/hub", "\u0000")) {
        assertThat(accepted("192.0.2.1", header, value))
            .isEqualTo(ForwardedRequest.direct(InetAddress.ofLiteral("192.0.2.1")));
      }
    }
  }

  @Test
  void behind_a_trusted_proxy_the_right_most_other_address_counts() {
    assertThat(client(PROXY, "198.51.100.1")).isEqualTo("198.51.100.1");
    // Whatever the client sent itself stands to the left of it, and need not be an address.
    assertThat(client(PROXY, "203.0.113.7, 198.51.100.1")).isEqualTo("198.51.100.1");
    assertThat(client(PROXY, "rubbish,,\t, 198.51.100.1")).isEqualTo("198.51.100.1");
    assertThat(client(PROXY, "203.0.113.7", "198.51.100.1")).isEqualTo("198.51.100.1");
    assertThat(client(PROXY, "203.0.113.7, 198.51.100.1, 10.0.0.2")).isEqualTo("198.51.100.1");
    assertThat(client(PROXY, "203.0.113.7, 198.51.100.1", "10.0.0.2,10.0.0.3"))
        .isEqualTo("198.51.100.1");
    assertThat(client("2001:db8:1::5", "2001:db8:9:9::1")).isEqualTo("2001:db8:9:9:0:0:0:1");
    assertThat(client("::ffff:10.0.0.1", "::ffff:198.51.100.1")).isEqualTo("198.51.100.1");
  }

  @Test
  void a_request_of_a_proxy_itself_is_the_proxys() {
    assertThat(client(PROXY)).isEqualTo(PROXY);
    assertThat(client(PROXY, "")).isEqualTo(PROXY);
    assertThat(client(PROXY, " , ,")).isEqualTo(PROXY);
    assertThat(client(PROXY, "10.0.0.3, 10.0.0.2")).isEqualTo("10.0.0.3");
  }

  /** The proxy appends the address from which it was reached, so outsiders can't be insiders. */
  @Test
  void only_who_connects_from_a_trusted_address_can_choose_the_client_address() {
    String outside = "198.51.100.1";
    for (String made : List.of("10.0.0.9", "192.0.2.77", "10.0.0.9, 10.0.0.8", "rubbish")) {
      assertThat(client(PROXY, made + ", " + outside)).isEqualTo(outside);
      assertThat(client(PROXY, made, outside + ", 10.0.0.2")).isEqualTo(outside);
      assertThat(client(outside, made)).isEqualTo(outside);
    }
    // Documented: a client inside the range of the proxies may claim any address.
    assertThat(client(PROXY, "192.0.2.77, 10.0.0.9")).isEqualTo("192.0.2.77");
  }

  @Test
  void of_trusted_proxies_only_the_left_most_is_the_client() {
    assertThat(client(PROXY, "10.0.0.4, 10.0.0.3", "10.0.0.2")).isEqualTo("10.0.0.4");
    assertThat(client(PROXY, " , 10.0.0.4:80, 2001:db8:1::5")).isEqualTo("10.0.0.4");
  }

  @Test
  void an_address_may_come_with_a_port() {
    assertThat(client(PROXY, "198.51.100.1:4711")).isEqualTo("198.51.100.1");
    assertThat(client(PROXY, "[2001:db8:9:9::1]:4711")).isEqualTo("2001:db8:9:9:0:0:0:1");
    assertThat(client(PROXY, "[2001:db8:9:9::1]")).isEqualTo("2001:db8:9:9:0:0:0:1");
  }

  /** With the proxy's address in its place, the client would get what the proxy may. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "unknown",
        "198.51.100.1, unknown",
        "198.51.100.1, _hidden, 10.0.0.2",
        "[::1",
        "::1]",
        "[]",
        "10.0.0.1:",
        "198.51.100.1:x",
        "198.51.100.1:123456",
        "198.51.100",
        "198.51.100.1/32",
        "0198.51.100.1",
        "198.51.100.1 10.0.0.1",
        "198.51.100.1;10.0.0.1",
        "for=198.51.100.1",
        "\"198.51.100.1\"",
        "fe80::1%eth0",
        "localhost",
        "client.example",
        "198.51.100.1\r\nX: y",
        "198.51.100.1\u0000",
        "1\u0660.0.0.1"
      })
  void what_is_no_address_is_an_error_and_not_the_proxys_address(String value) {
    assertThat(refused(FOR, value))
        .contains("X-Forwarded-For", "in place of the client's address")
        .doesNotContain("\r", "198.51");
  }

  @Test
  void ten_thousand_entries_are_walked_from_the_right() {
    String many = "203.0.113.7,".repeat(10_000);
    assertThat(client(PROXY, many + "198.51.100.1")).isEqualTo("198.51.100.1");
    assertThat(client(PROXY, "10.0.0.2,".repeat(10_000))).isEqualTo("10.0.0.2");
    assertThat(client(PROXY, ",".repeat(100_000))).isEqualTo(PROXY);
  }

  @ParameterizedTest
  @CsvSource({"http, http", "https, https", "HTTPS, https", "' https ', https"})
  void the_scheme_is_the_one_that_the_client_used(String value, String scheme) {
    assertThat(accepted(PROXY, PROTO, value).scheme()).contains(scheme);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"ftp", "javascript", "https:", "https://", "wss", "https, http", ",", "ht tps"})
  void another_scheme_is_an_error(String value) {
    assertThat(refused(PROTO, value)).contains("X-Forwarded-Proto");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hub.example.org",
        "hub.example.org:8443",
        "hub_1",
        "198.51.100.1:80",
        "[2001:db8::1]",
        "[2001:db8::1]:8443",
        "hub:0",
        "hub.example."
      })
  void the_host_is_the_one_that_the_client_asked(String value) {
    assertThat(accepted(PROXY, HOST, value).host()).contains(value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hub.example/path",
        "user@hub.example",
        "user:pass@hub.example",
        "hub.example?x",
        "hub.example#x",
        "hub.example:",
        "hub.example:http",
        "hub.example:65536",
        "hub.example:123456",
        "hub.example:80:80",
        "http://hub.example",
        "//hub.example",
        "hub .example",
        "hub.example, evil.example",
        "hub.example;x",
        "hub.example\\x",
        "hub.example\r\nX: y",
        "hub.example\nX: y",
        "hub\u0000.example",
        "hub\u00e9.example",
        "hub%2eexample",
        "<hub>",
        "hub.example>; rel=next",
        "\"hub\"",
        ".example",
        "-hub",
        "2001:db8::1",
        "[2001:db8::1",
        "2001:db8::1]",
        "[hub.example]",
        "[::1%25eth0]",
        "[::1]x",
        "[]",
        ":80"
      })
  void what_is_no_host_is_an_error(String value) {
    assertThat(refused(HOST, value)).contains("X-Forwarded-Host").doesNotContain("evil", "\r");
  }

  @Test
  void a_host_has_at_most_253_characters() {
    assertThat(accepted(PROXY, HOST, "h".repeat(253)).host()).isPresent();
    assertThat(refused(HOST, "h".repeat(254))).contains("X-Forwarded-Host");
  }

  @ParameterizedTest
  @CsvSource({
    "/hub, /hub",
    "/hub/, /hub",
    "/a/b-c_d.e~f, /a/b-c_d.e~f",
    "/, ''",
    "'', ''",
    "/...x, /...x"
  })
  void the_prefix_is_the_part_of_the_path_that_the_proxy_removed(String value, String prefix) {
    assertThat(accepted(PROXY, PREFIX, value).prefix()).isEqualTo(prefix);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hub",
        "//evil.example",
        "//",
        "/hub//",
        "/hub//x",
        "/..",
        "/../x",
        "/hub/..",
        "/hub/../x",
        "/./x",
        "/.",
        "/%2e%2e",
        "/hub?x",
        "/hub#x",
        "/hub;x",
        "/hub,/x",
        "/hub, /x",
        "/\\evil.example",
        "/hub x",
        "/hub>",
        "/hub\r\nX: y",
        "/hub\u0000",
        "/h\u00fcb",
        "https://evil.example/",
        "/@evil.example",
        "/a/b/c/d/e/f/g/h/i/j/k"
      })
  void what_is_no_plain_path_is_an_error(String value) {
    assertThat(refused(PREFIX, value)).contains("X-Forwarded-Prefix").doesNotContain("evil");
  }

  @Test
  void of_two_headers_nobody_can_tell_which_one_the_proxy_wrote() {
    for (String header : List.of(PROTO, HOST, PREFIX)) {
      assertThat(refused(header, "https", "https")).contains(header, "several values");
    }
  }

  @Test
  void the_header_of_rfc_7239_is_not_believed() {
    assertThat(accepted(PROXY, "Forwarded", "for=198.51.100.1;proto=https;host=hub.example"))
        .isEqualTo(
            new ForwardedRequest(
                InetAddress.ofLiteral(PROXY), Optional.empty(), Optional.empty(), ""));
  }
}
