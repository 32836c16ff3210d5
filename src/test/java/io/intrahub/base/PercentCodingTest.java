package io.intrahub.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PercentCodingTest {
  @ParameterizedTest
  @CsvSource({
    "a/b, a%2Fb",
    "sub dir/f#1 é.txt, sub%20dir%2Ff%231%20%C3%A9.txt",
    "a+b, a%2Bb",
    "-._~, -._~",
    "%2F, %252F",
    "😀, %F0%9F%98%80",
    "'', ''",
  })
  void a_segment_is_written_as_python_does(String plain, String encoded) {
    assertThat(PercentCoding.encode(plain)).isEqualTo(encoded);
    assertThat(PercentCoding.decode(encoded)).contains(plain);
  }

  @ParameterizedTest
  @CsvSource({"a+b, a+b", "%2b, +", "%2B, +", "a%2fb, a/b", "é%20x, é x", "%00, '\0'"})
  void other_spellings_are_read_once(String encoded, String plain) {
    assertThat(PercentCoding.decode(encoded)).contains(plain);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "%",
        "%4",
        "a%",
        "%zz",
        "%4g",
        "%+4",
        "% 4",
        "%FF",
        "%C3",
        "%C0%AF",
        "%ED%A0%80",
        "%F4%90%80%80",
        "%u002e",
        "%%41",
        "\ud800%41",
        "a\ud800",
        "\udc00\ud800"
      })
  void what_is_no_escape_of_utf8_is_refused(String encoded) {
    assertThat(PercentCoding.decode(encoded)).isEmpty();
  }

  @Test
  void the_safe_characters_stay() {
    assertThat(PercentCoding.encode("a b/c=d", "/=")).isEqualTo("a%20b/c=d");
  }

  @Test
  void every_text_survives_the_round_trip() {
    Random random = new Random(41);
    for (int round = 0; round < 20_000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(12); i > 0; i--) {
        int c = random.nextInt(random.nextBoolean() ? 0x80 : 0x110000);
        if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
          text.appendCodePoint(c);
        }
      }
      String plain = text.toString();
      String encoded = PercentCoding.encode(plain);
      assertThat(encoded).as("round %d", round).matches("[A-Za-z0-9%._~-]*");
      assertThat(PercentCoding.decode(encoded)).as("round %d", round).contains(plain);
    }
  }
}
