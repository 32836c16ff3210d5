package io.intrahub.access;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens and their fingerprints: read, passed on, never shown. */
class AccessTokenTest {
  private static final String SECRET = "hf_abcdefghijklmnopqrstuvwxyz";

  private final Fingerprints fingerprints = new Fingerprints("k".repeat(32).getBytes(US_ASCII));

  @ParameterizedTest
  @CsvSource({
    "Bearer hf_x, Bearer hf_x",
    "bearer hf_x, Bearer hf_x",
    "BEARER   hf_x, Bearer hf_x",
    "'  Bearer hf_x  ', Bearer hf_x",
    "Bearer a.b-c_d~e+f/g=, Bearer a.b-c_d~e+f/g=",
  })
  void a_bearer_token_is_passed_on(String header, String onward) {
    assertThat(AccessToken.ofAuthorization(header))
        .map(AccessToken::asAuthorization)
        .contains(onward);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "Bearer",
        "Bearer ",
        "hf_x",
        "Basic dXNlcjpoZl94",
        "Bearer a b",
        "Bearer a\r\nX: y",
        "Bearer é",
        "Bearer a\u007f",
        "Bearer a\0",
        "BearerX hf_x"
      })
  void another_header_holds_no_token(String header) {
    assertThat(AccessToken.ofAuthorization(header)).isEmpty();
  }

  @Test
  void a_token_has_a_longest() {
    assertThat(AccessToken.of("a".repeat(1024))).isPresent();
    assertThat(AccessToken.of("a".repeat(1025))).isEmpty();
  }

  @Test
  void no_text_shows_a_token() {
    Optional<AccessToken> token = AccessToken.of(SECRET);
    Caller caller = fingerprints.caller(token, "");
    for (Object shown : new Object[] {token, caller, caller.authority(), token.get()}) {
      assertThat(shown.toString()).doesNotContain(SECRET).doesNotContain(SECRET.substring(3));
    }
    assertThat(caller.token().orElseThrow().asAuthorization()).isEqualTo("Bearer " + SECRET);
  }

  @Test
  void a_fingerprint_tells_tokens_apart_and_shows_itself_in_part_only() {
    Caller one = fingerprints.caller(AccessToken.of(SECRET), "");
    Caller again = fingerprints.caller(AccessToken.of(SECRET), "");
    Caller other = fingerprints.caller(AccessToken.of(SECRET + "x"), "");
    assertThat(one.authority()).isEqualTo(again.authority()).isNotEqualTo(other.authority());

    String fingerprint = ((Authority.TokenHolder) one.authority()).fingerprint();
    assertThat(fingerprint).matches("[0-9a-f]{64}");
    assertThat(one.toString() + one.authority()).doesNotContain(fingerprint);
  }

  @Test
  void another_installation_has_other_fingerprints() {
    Fingerprints elsewhere = new Fingerprints("l".repeat(32).getBytes(US_ASCII));
    assertThat(elsewhere.caller(AccessToken.of(SECRET), "").authority())
        .isNotEqualTo(fingerprints.caller(AccessToken.of(SECRET), "").authority());
  }

  @Test
  void nobody_is_somebody_without_a_token() {
    assertThat(fingerprints.caller(Optional.empty(), "")).isEqualTo(Caller.ANONYMOUS);
    assertThat(Caller.ANONYMOUS.isAnonymous()).isTrue();
    assertThat(fingerprints.caller(AccessToken.of(SECRET), "").isAnonymous()).isFalse();
  }
}
