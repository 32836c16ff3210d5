package io.intrahub.upstream.hub;

import io.intrahub.hub.HeaderNames;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import okhttp3.Response;

/** When an upstream that is in trouble or limits the rate wants to be asked again. */
final class RetryAfterHeaders {
  /** {@code RateLimit: "api";r=0;t=12}: no request left, more in 12 seconds (HP 8). */
  private static final Pattern USED_UP = Pattern.compile("r=0\\s*;\\s*t=(\\d{1,6})");

  private static final Pattern SECONDS = Pattern.compile("\\d{1,6}");

  private RetryAfterHeaders() {}

  /** Empty when the answer does not say, or says it as a date. */
  static Optional<Duration> wait(Response response) {
    String retryAfter = response.header(HeaderNames.RETRY_AFTER);
    if (retryAfter != null && SECONDS.matcher(retryAfter.strip()).matches()) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(retryAfter.strip())));
    }
    String limit = response.header("RateLimit");
    if (limit != null) {
      Matcher m = USED_UP.matcher(limit);
      if (m.find()) {
        return Optional.of(Duration.ofSeconds(Long.parseLong(m.group(1)) + 1));
      }
    }
    return Optional.empty();
  }
}
