package io.intrahub.upstream.hub;

import io.intrahub.upstream.UpstreamFailure;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * Knows when an authoritative endpoint last answered a call, whatever it said, so that errors can
 * tell people how long an outage has lasted. Not kept over a restart. Safe for use by many threads.
 */
final class LastAnswer {
  private final Clock clock;
  private final Instant started;

  /** {@link Instant#MIN} before the first answer. Each write replaces all. */
  private volatile Instant last = Instant.MIN;

  LastAnswer(Clock clock) {
    this.clock = clock;
    this.started = clock.instant();
  }

  /** The head of an answer arrived. */
  void heard() {
    last = clock.instant();
  }

  /** The same failure; if no answer came, it also says when the last one did. */
  UpstreamFailure addTo(UpstreamFailure failure) {
    return switch (failure.kind()) {
      case UNREACHABLE, TIMED_OUT, BROKEN ->
          failure.withReason(failure.reason() + "; " + describe());
      case OFFLINE,
          SERVER_ERROR,
          STALE_ANSWER,
          CIRCULAR,
          RATE_LIMITED,
          UNEXPECTED_ANSWER,
          INCOMPLETE_ANSWER,
          BUSY,
          OVER_LIMIT,
          WRONG_CONTENT ->
          failure;
    };
  }

  private String describe() {
    Instant at = last;
    return at.equals(Instant.MIN)
        ? "the Hub has not answered since this mirror started at " + seconds(started)
        : "the Hub last answered at " + seconds(at);
  }

  private static Instant seconds(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS);
  }
}
