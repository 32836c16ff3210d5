package io.intrahub.upstream.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.UnknownHostException;
import java.util.Set;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RedirectGuardTest {
  private static final HttpUrl HUB = HttpUrl.get("https://203.0.113.7/x");

  /** The endpoint is a public address, so nothing has to be looked up. */
  private final RedirectGuard outside = new RedirectGuard(Set.of("203.0.113.7"));

  private final RedirectGuard inside = new RedirectGuard(Set.of("127.0.0.1"));

  private static boolean allows(RedirectGuard guard, String to) {
    return guard.allows(HttpUrl.get("http://203.0.113.7/"), HttpUrl.get(to));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://127.0.0.1/",
        "http://127.9.9.9/",
        "http://2130706433/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fd12:3456::1]/",
        "http://[64:ff9b::10.0.0.1]/",
        "http://[2002:a00:1::1]/"
      })
  void from_a_public_hub_nothing_leads_inside(String to) {
    assertThat(allows(outside, to)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://169.254.169.254/latest/meta-data/",
        "http://169.254.170.2/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://100.100.100.200/",
        "http://168.63.129.16/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::169.254.169.254]/",
        "http://224.0.0.1/",
        "http://0.0.0.0/"
      })
  void the_secrets_of_a_cloud_are_out_of_reach_even_for_a_hub_inside(String to) {
    assertThat(allows(outside, to)).isFalse();
    assertThat(allows(inside, to)).isFalse();
  }

  @Test
  void a_hub_inside_may_have_its_cdn_inside() {
    assertThat(allows(inside, "http://10.1.2.3:8080/file")).isTrue();
    assertThat(allows(inside, "http://127.0.0.1:9/file")).isTrue();
  }

  @Test
  void the_operators_own_endpoint_is_always_allowed() {
    RedirectGuard odd = new RedirectGuard(Set.of("169.254.1.1"));
    assertThat(allows(odd, "http://169.254.1.1/")).isTrue();
    assertThat(allows(odd, "http://169.254.169.254/")).isFalse();
  }

  @Test
  void https_never_becomes_http() {
    assertThat(outside.allows(HUB, HttpUrl.get("http://198.51.100.1/"))).isFalse();
    assertThat(outside.allows(HUB, HttpUrl.get("https://198.51.100.1/"))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://user@198.51.100.1/",
        "http://user:secret@198.51.100.1/",
        "http://:x@198.51.100.1/"
      })
  void an_address_with_credentials_is_refused(String to) {
    assertThat(allows(outside, to)).isFalse();
  }

  /** A name is judged by what it resolves to, at the moment of the connection. */
  @Test
  void a_name_can_not_hide_an_address() {
    assertThat(allows(outside, "http://localhost/")).isTrue();
    assertThatThrownBy(() -> outside.lookup("localhost")).isInstanceOf(UnknownHostException.class);
  }
}
