package io.intrahub.hub.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonFilterTest {
  private static String filter(String json) throws MalformedJsonException {
    return new String(JsonFilter.withoutXet(json.getBytes(UTF_8)), UTF_8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | {}",
        " [ ] | []",
        "7 | 7",
        "\"a\" | \"a\"",
        "null | null",
        "{\"b\":1,\"a\":[ 2 , {\"c\" : 3.10 } ]} | {\"b\":1,\"a\":[2,{\"c\":3.10}]}",
        "[1E+2,-0,0.0,12345678901234567890123,1e-7] | [1E+2,-0,0.0,12345678901234567890123,1e-7]",
        "{\"u\":\"https:\\/\\/h\\/x\"} | {\"u\":\"https://h/x\"}",
        "{\"xetHash\":1} | {}",
        "{\"a\":{\"xetHash\":[{\"b\":1}],\"c\":2}} | {\"a\":{\"c\":2}}",
        "[{\"xetHash\":null},{\"xetHash\":{}}] | [{},{}]",
        "{\"x\":\"xetHash\",\"\":0} | {\"x\":\"xetHash\",\"\":0}",
      })
  void all_but_xet_stays_as_it_was_sent(String in, String out) throws MalformedJsonException {
    assertThat(filter(in)).isEqualTo(out);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\":1,\"a\":2}",
        "{'a':1}",
        "{a:1}",
        "[1 2]",
        "{} {}",
        "[]]",
        "[NaN]",
        "[01]",
        "[+1]",
        "\"a",
        "[\"\t\"]",
        "<html></html>",
        "[1]//c"
      })
  void what_is_no_json_is_refused(String json) {
    assertThatThrownBy(() -> filter(json)).isInstanceOf(MalformedJsonException.class);
  }

  @Test
  void what_is_too_deep_is_refused() {
    assertThatThrownBy(() -> filter("[".repeat(65) + "]".repeat(65)))
        .isInstanceOf(MalformedJsonException.class);
    assertThatThrownBy(() -> filter("{\"xetHash\":" + "[".repeat(65) + "]".repeat(65) + "}"))
        .isInstanceOf(MalformedJsonException.class);
  }

  /** JSON.stringify writes half a pair as an escape where a model card was cut in an emoji. */
  @Test
  void half_a_surrogate_pair_stays_an_escape() throws MalformedJsonException {
    assertThat(filter("{\"d\":\"cut \\ud83d\",\"e\":\"\\ude00\\\"\\n\\ud83d\\ude00\"}"))
        .isEqualTo("{\"d\":\"cut \\uD83D\",\"e\":\"\\uDE00\\\"\\n\uD83D\uDE00\"}");
  }

  @Test
  void urls_of_the_hub_lead_to_the_mirror() throws MalformedJsonException {
    String listing =
        "{\"default\":{\"train\":[\"https://hub/api/datasets/a/x/0.parquet\",\"https://hub\","
            + "\"https://hubber/x\",\"see https://hub/x\"]},\"https://hub/k\":1}";
    assertThat(
            new String(
                JsonFilter.withoutXet(
                    listing.getBytes(UTF_8),
                    new JsonFilter.Links("https://hub/", "http://m:8090/")),
                UTF_8))
        .isEqualTo(
            "{\"default\":{\"train\":[\"http://m:8090/api/datasets/a/x/0.parquet\","
                + "\"https://hub\",\"https://hubber/x\",\"see https://hub/x\"]},"
                + "\"https://hub/k\":1}");
  }

  @Test
  void filtering_twice_changes_nothing_more() throws MalformedJsonException {
    Random random = new Random(31);
    for (int round = 0; round < 3_000; round++) {
      StringBuilder text = new StringBuilder();
      value(random, text, 0);
      String once = filter(text.toString());
      assertThat(filter(once)).as("round %d: %s", round, text).isEqualTo(once);
      assertThat(once).doesNotContain("xetHash");
    }
  }

  private static void value(Random random, StringBuilder out, int depth) {
    switch (random.nextInt(depth > 5 ? 4 : 6)) {
      case 0 -> out.append(random.nextInt());
      case 1 -> out.append(random.nextDouble());
      case 2 -> out.append(random.nextBoolean() ? "true" : "null");
      case 3 -> out.append("\"é\\u").append("%04x".formatted(random.nextInt(0x10000))).append('"');
      case 4 -> {
        out.append(" [");
        for (int i = random.nextInt(4); i > 0; i--) {
          value(random, out, depth + 1);
          out.append(i > 1 ? "," : "");
        }
        out.append(']');
      }
      default -> {
        out.append("{ ");
        for (int i = random.nextInt(4); i > 0; i--) {
          String name = i == 2 ? "xetHash" : "k" + i;
          out.append('"').append(name).append("\" : ");
          value(random, out, depth + 1);
          out.append(i > 1 ? "," : "");
        }
        out.append('}');
      }
    }
  }
}
