package io.intrahub.upstream.hub;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.upstream.hub.RateLimitHeaders.Said;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import okhttp3.Headers;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The forms in which servers say how many more calls they allow. */
class RateLimitHeadersTest {
  private static Said said(String name, long limit, long left, int resets, int window) {
    return new Said(name, limit, left, Duration.ofSeconds(resets), Duration.ofSeconds(window));
  }

  private static Headers headers(String... namesAndValues) {
    return Headers.of(namesAndValues);
  }

  private static Stream<Arguments> forms() {
    return Stream.of(
        Arguments.of(
            "the Hub",
            headers(
                "RateLimit", "\"api\";r=489;t=271",
                "RateLimit-Policy", "\"fixed window\";\"api\";q=500;w=300"),
            List.of(said("api", 500, 489, 271, 300))),
        Arguments.of(
            "the Hub without a policy",
            headers("RateLimit", "\"resolvers\";r=0;t=12"),
            List.of(said("resolvers", 0, 0, 12, 0))),
        Arguments.of(
            "the Hub at the end of a window",
            headers("RateLimit", "\"resolvers\";r=0;t=0"),
            List.of(said("resolvers", 0, 0, 0, 0))),
        Arguments.of(
            "draft 10 with two policies and spaces",
            headers(
                "RateLimit", "\"hour\"; r=90; t=1800, \"day, really\";r=5;t=80000",
                "RateLimit-Policy", "\"day, really\";q=1000;w=86400, \"hour\";q=100;w=3600"),
            List.of(said("hour", 100, 90, 1800, 3600), said("day, really", 1000, 5, 80000, 86400))),
        Arguments.of(
            "draft 10 in two header lines",
            headers("RateLimit", "\"a\";r=1;t=2", "RateLimit", "\"b\";r=3;t=4"),
            List.of(said("a", 0, 1, 2, 0), said("b", 0, 3, 4, 0))),
        Arguments.of(
            "draft 10 without a time, which the policy has",
            headers("RateLimit", "\"a\";r=1", "RateLimit-Policy", "\"a\";q=9;w=60"),
            List.of(said("a", 9, 1, 60, 60))),
        Arguments.of(
            "draft 7",
            headers(
                "RateLimit", "limit=100, remaining=50, reset=5", "RateLimit-Policy", "100;w=60"),
            List.of(said("", 100, 50, 5, 60))),
        Arguments.of(
            "draft 3",
            headers(
                "RateLimit-Limit", "100, 100;w=10",
                "RateLimit-Remaining", "50",
                "RateLimit-Reset", "7"),
            List.of(said("", 100, 50, 7, 0))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("forms")
  void each_form_is_read(String form, Headers headers, List<Said> expected) {
    assertThat(RateLimitHeaders.read(headers)).as(form).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "api",
        "\"api\"",
        "\"api\";r=;t=5",
        "\"api\";r=-1;t=5",
        "\"api\";r=1.5;t=5",
        "\"api\";r=99999999999999999999;t=5",
        "\"api\";r=5",
        "\"api;r=5;t=5\"",
        "remaining=",
        "remaining=5",
        ",,,;;;\"\"\"",
      })
  void what_makes_no_sense_says_nothing(String value) {
    assertThat(RateLimitHeaders.read(headers("RateLimit", value))).as(value).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {1_000, 100_000})
  void a_header_of_any_length_is_read_at_once(int length) {
    for (String part : List.of("\"", ",", "\",", "r=1;", "\"a\";r=1;t=1,")) {
      String value = part.repeat(length / part.length());
      assertThat(RateLimitHeaders.read(headers("RateLimit", "x" + value))).hasSizeLessThan(length);
    }
  }
}
