package io.intrahub.access.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.intrahub.access.AccessToken;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens that this mirror issues. */
class LocalTokenTest {
  private static final Instant NOW = Instant.parse("2026-06-01T10:00:00Z");

  private static LocalToken token(String name, String text, Optional<Instant> expires) {
    return new LocalToken(name, TokenHash.of(text), NOW, expires, List.of());
  }

  /** huggingface.js wants hf_, llama.cpp letters and digits behind it, 37 to 256 in all. */
  @Test
  void new_tokens_differ_and_clients_of_the_hub_take_them() {
    SecureRandom random = new SecureRandom();
    Set<String> texts = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      texts.add(LocalToken.newText(random));
    }

    assertThat(texts).hasSize(1000).allMatch(text -> text.matches("hf_intrahub[A-Za-z0-9]{32}"));
  }

  @Test
  void a_token_is_found_by_the_hash_of_what_a_client_sends() {
    String text = LocalToken.newText(new SecureRandom());
    TokenTable table = new TokenTable(List.of(token("ci", text, Optional.empty())));
    TokenHash sent = AccessToken.ofAuthorization("Bearer " + text).orElseThrow().hash();

    assertThat(table.identify(sent, NOW))
        .isEqualTo(new LocalCredential.Valid(table.find("ci").orElseThrow()));
    assertThat(table.identify(TokenHash.of(text + "x"), NOW))
        .isEqualTo(new LocalCredential.Unknown());
    assertThat(table.without("ci").identify(sent, NOW)).isEqualTo(new LocalCredential.Unknown());
  }

  @Test
  void a_token_expires_at_its_moment_and_not_before() {
    Instant end = NOW.plus(Duration.ofDays(90));
    TokenTable table = new TokenTable(List.of(token("ci", "t", Optional.of(end))));
    TokenHash hash = TokenHash.of("t");

    assertThat(table.identify(hash, end.minusMillis(1))).isInstanceOf(LocalCredential.Valid.class);
    assertThat(table.identify(hash, end)).isEqualTo(new LocalCredential.Expired("ci", end));
  }

  @Test
  void two_tokens_share_neither_name_nor_hash() {
    LocalToken one = token("ci", "a", Optional.empty());

    assertThatIllegalArgumentException()
        .isThrownBy(() -> new TokenTable(List.of(one, token("ci", "b", Optional.empty()))));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new TokenTable(List.of(one, token("cd", "a", Optional.empty()))));
  }

  @Test
  void a_hash_is_read_as_it_was_written_and_never_shown() {
    TokenHash hash = TokenHash.of("t");

    assertThat(TokenHash.parse(hash.hex())).contains(hash);
    assertThat(TokenHash.parse("ab")).isEmpty();
    assertThat(TokenHash.parse("x".repeat(64))).isEmpty();
    assertThat(token("ci", "t", Optional.empty()).toString()).doesNotContain(hash.hex());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-a", ".a", "a b", "a/b", "a\n", "é", "a,b"})
  void a_name_is_one_word(String name) {
    assertThat(LocalToken.isName(name)).isFalse();
    assertThat(LocalToken.isName("ci.night-2_x")).isTrue();
    assertThat(LocalToken.isName("a".repeat(64))).isTrue();
    assertThat(LocalToken.isName("a".repeat(65))).isFalse();
  }
}
