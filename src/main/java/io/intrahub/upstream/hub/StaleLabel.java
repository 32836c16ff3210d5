package io.intrahub.upstream.hub;

import io.intrahub.hub.HeaderNames;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import okhttp3.Response;

/**
 * Recognizes answers that another intrahub gave from its store because it could not ask the Hub. It
 * labels them in {@code Cache-Status} (RFC 9211), as {@code http.CacheHeaders} writes it.
 */
final class StaleLabel {
  private static final Pattern QUOTED = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*\"");
  private static final String MIRROR = "intrahub";
  private static final String STALE = "detail=stale";

  private StaleLabel() {}

  /** Whether an answer, or what it passes on, is labelled as stale. */
  static boolean isOn(Response response) {
    return isIn(response.headers(HeaderNames.CACHE_STATUS));
  }

  /** The same for the values of the header. */
  static boolean isIn(List<String> values) {
    return values.stream()
        // Texts in quotes may contain separators, and say nothing that is looked for here.
        .map(value -> QUOTED.matcher(value).replaceAll(""))
        .flatMap(value -> Arrays.stream(value.split(",")))
        .map(cache -> Arrays.stream(cache.split(";")).map(String::strip).toList())
        .anyMatch(parts -> parts.getFirst().equals(MIRROR) && parts.contains(STALE));
  }
}
