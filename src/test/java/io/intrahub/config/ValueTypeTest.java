package io.intrahub.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How values are written. */
class ValueTypeTest {
  @ParameterizedTest
  @CsvSource({
    "0s, PT0S",
    "200ms, PT0.2S",
    "10s, PT10S",
    "5m, PT5M",
    "1h, PT1H",
    "7d, PT168H",
    "1 s, PT1S"
  })
  void a_duration_has_a_number_and_a_unit(String text, Duration expected) {
    assertThat(parse(ValueType.DURATION, text)).contains(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "5",
        "s",
        "-5s",
        "1.5h",
        "5S",
        "5M",
        "1h30m",
        "PT5S",
        "5 minutes",
        "3651d",
        "99999999999999999999s",
        "999999999999h"
      })
  void nothing_else_is_a_duration(String text) {
    assertThat(parse(ValueType.DURATION, text)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1024, 1024",
    "7B, 7",
    "2KB, 2000",
    "64MiB, 67108864",
    "64 MiB, 67108864",
    "10GB, 10000000000",
    "1KiB, 1024",
    "1GiB, 1073741824",
    "1TiB, 1099511627776",
    "3TB, 3000000000000",
    "3MB, 3000000"
  })
  void a_size_is_plain_bytes_or_has_a_unit(String text, long bytes) {
    assertThat(parse(ValueType.SIZE, text)).contains(new DataSize(bytes));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "MiB",
        "64M",
        "64mb",
        "-1",
        "1.5GB",
        "1e3",
        "1,000",
        "999999999TiB",
        "9999999999999999999"
      })
  void nothing_else_is_a_size(String text) {
    assertThat(parse(ValueType.SIZE, text)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "-1", "+1", "1.0", "0x1F", "1_000", "9999999999", "\u0661"})
  void a_number_has_digits_only(String text) {
    assertThat(parse(ValueType.NUMBER, text)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0.0.0",
        "localhost",
        "::",
        "::1",
        "[::1]",
        "mirror_1",
        "a.b-c.example",
        "fe80::1%eth0"
      })
  void a_host_is_a_name_or_an_address(String text) {
    assertThat(parse(ValueType.HOST, text)).contains(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0.0.0.0:80", "http://a", "a b", "*", "a/b"})
  void nothing_else_is_a_host(String text) {
    assertThat(parse(ValueType.HOST, text)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://huggingface.co",
        "http://a_b:8080",
        "https://a.example/hub/",
        "HTTP://a",
        "http://[::1]:8090",
        "http://10.0.0.1"
      })
  void an_address_is_of_http_or_https(String text) {
    assertThat(parse(ValueType.ENDPOINT, text).map(Object::toString)).contains(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "huggingface.co",
        "ftp://a",
        "https://",
        "https:///a",
        "https:a",
        "http://a b",
        "http://u@a",
        "http://u:p@a",
        "http://a?q",
        "http://a#f",
        "http://a:",
        "http://a:99999",
        "http://a:b",
        "http://a:1:2"
      })
  void nothing_else_is_an_address(String text) {
    assertThat(parse(ValueType.ENDPOINT, text)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "~", "~/data", "a\0b"})
  void a_folder_needs_a_name_that_the_disk_takes(String text) {
    assertThat(parse(ValueType.FOLDER, text)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"data", "/data", "./~", "a b"})
  void a_folder_is_taken_as_it_is(String text) {
    assertThat(parse(ValueType.FOLDER, text)).contains(Path.of(text));
  }

  @ParameterizedTest
  @CsvSource({
    "http://proxy.example:3128, false, proxy.example, 3128, , ",
    "proxy.example:3128, false, proxy.example, 3128, , ",
    "http://proxy, false, proxy, 80, , ",
    "HTTPS://proxy.example/, true, proxy.example, 443, , ",
    "http://[::1]:3128, false, ::1, 3128, , ",
    "http://ada:secret@proxy:3128, false, proxy, 3128, ada, secret",
    "ada:secret@proxy:3128, false, proxy, 3128, ada, secret",
    "http://ada@proxy:3128, false, proxy, 3128, ada, ''",
    "http://corp%5Cada:p%40%C3%A4%2B+%25@proxy:3128, false, proxy, 3128, corp\\ada, p@\u00e4++%",
    "http://ada:p@ss:w/rd@proxy:3128, false, proxy, 3128, ada, p@ss:w/rd"
  })
  void a_proxy_has_an_address_and_perhaps_a_login(
      String text, boolean tls, String host, int port, String user, String password) {
    Optional<ProxyChoice.Login> login =
        Optional.ofNullable(user).map(u -> new ProxyChoice.Login(u, password));

    assertThat(parse(ValueType.PROXY, text))
        .contains(new ProxyChoice.Address(tls, host, port, login));
    assertThat(String.valueOf(parse(ValueType.PROXY, text))).doesNotContain("secret");
  }

  @Test
  void a_proxy_may_be_left_to_the_environment_or_ruled_out() {
    assertThat(parse(ValueType.PROXY, "environment")).contains(new ProxyChoice.FromEnvironment());
    assertThat(parse(ValueType.PROXY, "none")).contains(new ProxyChoice.None());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "http://",
        "socks5://proxy:1080",
        "ftp://proxy",
        "http://proxy:0",
        "http://proxy:65536",
        "http://proxy:x",
        "http://proxy/path",
        "http://proxy?q",
        "http://a b",
        "http://ada:100%@proxy",
        "http://::1:3128"
      })
  void nothing_else_is_a_proxy(String text) {
    assertThat(parse(ValueType.PROXY, text)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*",
        "hub.example",
        ".example",
        "*.example",
        "hub_1:8080",
        "10.1.2.3",
        "10.0.0.0/8",
        "fd00::/8",
        "::1",
        "[::1]:8080"
      })
  void servers_are_written_as_in_no_proxy(String text) {
    assertThat(parse(ValueType.SERVERS, text)).contains(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "http://hub.example", "hub.example/path", "a b", "u@a", "[::1"})
  void nothing_else_means_servers(String text) {
    assertThat(parse(ValueType.SERVERS, text)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.1.2.3", "10.0.0.0/8", "0.0.0.0/0", "::1", "fd00::/8", "::/128"})
  void a_network_is_an_address_with_or_without_a_number_of_bits(String text) {
    assertThat(parse(ValueType.NETWORK, text)).contains(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "proxy.example", "10.0.0.0/33", "10.0.0.0/", "/8"})
  void nothing_else_means_a_network(String text) {
    assertThat(parse(ValueType.NETWORK, text)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"online, ONLINE", "offline, OFFLINE"})
  void a_choice_is_a_word(String text, Config.Mode expected) {
    assertThat(ValueType.CHOICE.parse(text, Config.Mode.class)).contains(expected);
    assertThat(ValueType.CHOICE.parse(text + "x", Config.Mode.class)).isEmpty();
  }

  private static Optional<Object> parse(ValueType type, String text) {
    return type.parse(text, Object.class);
  }
}
