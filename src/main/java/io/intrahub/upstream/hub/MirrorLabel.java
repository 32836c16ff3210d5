package io.intrahub.upstream.hub;

import io.intrahub.hub.HeaderNames;
import io.intrahub.hub.HubError;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import okhttp3.Headers;
import okhttp3.Response;

/**
 * Recognizes what another intrahub says of its answers in {@code Cache-Status} (RFC 9211), as
 * {@code http.CacheHeaders} writes it.
 */
final class MirrorLabel {
  private static final Pattern QUOTED = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*\"");
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

  /** Whether values of the header have this detail. */
  static boolean has(String detail, List<String> values) {
    String wanted = "detail=" + detail;
    return values.stream()
        // Texts in quotes may contain separators, and say nothing that is looked for here.
        .map(value -> QUOTED.matcher(value).replaceAll(""))
        .flatMap(value -> Arrays.stream(value.split(",")))
        .map(cache -> Arrays.stream(cache.split(";")).map(String::strip).toList())
        .anyMatch(parts -> parts.getFirst().equals(MIRROR) && parts.contains(wanted));
  }
}
