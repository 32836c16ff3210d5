package io.intrahub.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which repos a pattern is about. */
class RepoPatternTest {
  @ParameterizedTest
  @CsvSource({
    "acme/*,           MODEL,   acme/tiny,       true",
    "acme/*,           MODEL,   ACME/Tiny,       true",
    "ACME/*,           MODEL,   acme/tiny,       true",
    "acme/*,           MODEL,   acme2/tiny,      false",
    "acme/*,           MODEL,   acme,            false",
    "acme/*,           DATASET, acme/tiny,       false",
    "acme/*,           SPACE,   acme/tiny,       false",
    "models/acme/*,    MODEL,   acme/tiny,       true",
    "datasets/acme/*,  DATASET, acme/tiny,       true",
    "datasets/acme/*,  MODEL,   acme/tiny,       false",
    "datasets/squad,   DATASET, squad,           true",
    "datasets/squad,   MODEL,   squad,           false",
    "spaces/*/*,       SPACE,   acme/tiny,       true",
    "*/*,              MODEL,   acme/tiny,       true",
    "*/*,              MODEL,   gpt2,            false",
    "*,                MODEL,   gpt2,            true",
    "*,                MODEL,   acme/tiny,       false",
    "*,                DATASET, squad,           false",
    "datasets/*,       DATASET, squad,           true",
    "gpt2,             MODEL,   gpt2,            true",
    "gpt2,             MODEL,   gpt2-large,      false",
    "gpt2*,            MODEL,   gpt2-large,      true",
    "acme/llama-*-it,  MODEL,   acme/llama-3-it, true",
    "acme/llama-*-it,  MODEL,   acme/llama-it,   false",
    "acme/*.gguf,      MODEL,   acme/a.gguf,     true",
    "acme/*.gguf,      MODEL,   acme/agguf,      false",
    "a*/b*c,           MODEL,   acme/bcbc,       true",
    "a*/b*c,           MODEL,   acme/bcb,        false",
  })
  void a_pattern_matches(String pattern, RepoType type, String id, boolean expected) {
    assertThat(RepoPattern.parse(pattern).orElseThrow().matches(new RepoId(type, id)))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "acme/",
        "/x",
        "acme/x/y",
        "**",
        "acme/**",
        "a/**/b",
        "acme/?",
        "[ab]/x",
        "acme/x y",
        "acme/x,y",
        "../x",
        "datasets/",
        "datasets/acme/x/y",
        "datasets",
        "api/*",
        "buckets/acme",
        "acme/--",
        "acme/x.git",
        "acme/é",
        "models/datasets/acme/x",
        "https://huggingface.co/acme/x"
      })
  void a_text_that_can_match_no_repo_is_no_pattern(String text) {
    assertThat(RepoPattern.parse(text)).isEmpty();
  }

  @Test
  void the_text_form_is_read_again() {
    for (String text : List.of("acme/*", "datasets/*/*", "spaces/a/b", "gpt2")) {
      RepoPattern pattern = RepoPattern.parse(text).orElseThrow();

      assertThat(pattern).hasToString(text);
      assertThat(RepoPattern.parse("models/acme/*").orElseThrow()).hasToString("acme/*");
    }
  }

  @Test
  void many_wildcards_do_not_make_it_slow() {
    RepoPattern pattern = RepoPattern.parse("a/" + "*a".repeat(45) + "*b").orElseThrow();
    RepoId repo = new RepoId(RepoType.MODEL, "a/" + "a".repeat(96));

    // An expression with 46 wildcards would not end in the life of this test.
    assertThat(pattern.matches(repo)).isFalse();
  }
}
