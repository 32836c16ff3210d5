package io.intrahub.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** RFC 9111 section 5.2.1. */
class CacheDirectivesTest {
  private static CacheDirectives parse(String... values) {
    return CacheDirectives.parse(List.of(values));
  }

  @Test
  void all_directives_are_read_from_all_headers_in_any_case() {
    assertThat(
            parse(
                "No-Cache, max-age=30",
                "min-fresh = \"5\",MAX-STALE=60 , only-if-cached, no-transform"))
        .isEqualTo(
            new CacheDirectives(
                true,
                true,
                Optional.of(Duration.ofSeconds(30)),
                Duration.ofSeconds(5),
                Duration.ofSeconds(60)));
  }

  @Test
  void an_age_of_zero_is_as_good_as_no_cache() {
    assertThat(parse("max-age=0").noCache()).isTrue();
    assertThat(parse("max-age=1").noCache()).isFalse();
  }

  @Test
  void max_stale_without_a_time_accepts_any_age() {
    assertThat(parse("max-stale").maxStale()).isEqualTo(Lifetime.FOREVER);
  }

  @Test
  void a_time_that_is_too_long_is_taken_for_the_longest() {
    Duration most = Duration.ofSeconds(1L << 31);
    assertThat(parse("max-age=99999999999999999999").maxAge()).contains(most);
    assertThat(parse("max-stale=9999999999").maxStale()).isEqualTo(most);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",",
        "max-age",
        "max-age=",
        "max-age=-1",
        "max-age=1.5",
        "max-age=x",
        "min-fresh",
        "max-stale=x",
        "no-cache-please",
        "x-no-cache",
        "only-if-cached2",
        "no-store",
        "ext=\"no-cache",
      })
  void what_is_not_understood_has_no_effect(String value) {
    assertThat(parse(value)).isEqualTo(CacheDirectives.NONE);
  }
}
