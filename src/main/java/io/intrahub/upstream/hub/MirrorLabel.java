package io.intrahub.upstream.hub;

import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubError;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import okhttp3.Headers;
import okhttp3.Response;

/**
 * Recognizes what another intrahub says of its answers in {@code Cache-Status} (RFC 9211), as
 * {@code http.CacheHeaders} writes it.
 */
final class MirrorLabel {
  private static final Pattern QUOTED = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*\"");
  private static final Pattern GRANT_AGE = Pattern.compile("grant-age=([0-9]{1,9})");
  private static final String MIRROR = "intrahub";

  private MirrorLabel() {}

  /** Whether an answer, or what it passes on, is from the store because the Hub did not answer. */
  static boolean isStale(Response response) {
    return has("stale", response.headers(HeaderNames.CACHE_STATUS));
  }

  /** Whether an answer with these headers is an error because of this limit. */
  static boolean is(HubError.Limit limit, Headers headers) {
    return has(limit.detail(), headers.values(HeaderNames.CACHE_STATUS));
  }

  /**
   * How long ago the Hub confirmed the grant under which this answer was given: zero if no other
   * mirror had a part in it, the longest time if several had, and empty if one does not say.
   */
  static Optional<Duration> grantAge(Response response) {
    List<Optional<Duration>> ages =
        members(response.headers(HeaderNames.CACHE_STATUS)).map(MirrorLabel::grantAge).toList();
    return ages.stream().allMatch(Optional::isPresent)
        ? Optional.of(
            ages.stream()
                .flatMap(Optional::stream)
                .max(Comparator.naturalOrder())
                .orElse(Duration.ZERO))
        : Optional.empty();
  }

  private static Optional<Duration> grantAge(List<String> parts) {
    return parts.stream()
        .map(GRANT_AGE::matcher)
        .filter(Matcher::matches)
        .map(age -> Duration.ofSeconds(Long.parseLong(age.group(1))))
        .max(Comparator.naturalOrder());
  }

  /** Whether values of the header have this detail. */
  static boolean has(String detail, List<String> values) {
    String wanted = "detail=" + detail;
    return members(values).anyMatch(parts -> parts.contains(wanted));
  }

  /** The parameters of each value that another intrahub wrote. */
  private static Stream<List<String>> members(List<String> values) {
    return values.stream()
        // Texts in quotes may contain separators, and say nothing that is looked for here.
        .map(value -> QUOTED.matcher(value).replaceAll(""))
        .flatMap(value -> Arrays.stream(value.split(",")))
        .map(cache -> Arrays.stream(cache.split(";")).map(String::strip).toList())
        .filter(parts -> parts.getFirst().equals(MIRROR));
  }
}
