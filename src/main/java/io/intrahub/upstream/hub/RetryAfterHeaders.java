package io.intrahub.upstream.hub;

import io.intrahub.hub.HeaderNames;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Pattern;
import okhttp3.Response;

/** When an upstream that is in trouble or limits the rate wants to be asked again. */
final class RetryAfterHeaders {
  private static final Pattern SECONDS = Pattern.compile("\\d{1,6}");

  private RetryAfterHeaders() {}

  /** Empty when the answer does not say, or says it as a date. */
  static Optional<Duration> wait(Response response) {
    String retryAfter = response.header(HeaderNames.RETRY_AFTER);
    if (retryAfter != null && SECONDS.matcher(retryAfter.strip()).matches()) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(retryAfter.strip())));
    }
    return RateLimitHeaders.read(response.headers()).stream()
        .filter(said -> said.left() == 0)
        .map(RateLimitHeaders.Said::resets)
        .max(Comparator.naturalOrder())
        .map(resets -> resets.plusSeconds(1));
  }
}
