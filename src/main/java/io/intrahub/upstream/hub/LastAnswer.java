package io.intrahub.upstream.hub;

import io.intrahub.policy.Freshness;
import io.intrahub.upstream.UpstreamFailure;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * Knows when a server, such as an authoritative endpoint, last answered a call, whatever it said,
 * so that errors can tell people how long an outage has lasted. Not kept over a restart. Safe for
 * use by many threads.
 */
final class LastAnswer {
  /** A client that asks again after a failure gains by that if the outage is no longer. */
  private static final Duration LASTING = Duration.ofSeconds(2);

  /** Failures that are further apart may have had answers between them, had anybody asked. */
  private static final Duration SAME_OUTAGE = Duration.ofSeconds(60);

  private final String server;
  private final Clock clock;
  private final Instant started;

  /** {@link Instant#MIN} before the first answer. Guarded by this. */
  private Instant last = Instant.MIN;

  /** The first and the last of the failures without an answer in between. Guarded by this. */
  private Optional<Failing> failing = Optional.empty();

  private record Failing(Instant first, Instant last) {}

  /**
   * Begins now.
   *
   * @param server its name in messages
   */
  LastAnswer(String server, Clock clock) {
    this.server = server;
    this.clock = clock;
    this.started = clock.instant();
  }

  /** The head of an answer arrived. */
  synchronized void heard() {
    last = clock.instant();
    failing = Optional.empty();
  }

  /** Whether an answer has come since the start. */
  synchronized boolean isThere() {
    return !last.equals(Instant.MIN);
  }

  /**
   * The same failure; if no answer came, it also says when the last one did, and whether that has
   * lasted for more than a moment.
   */
  UpstreamFailure addTo(UpstreamFailure failure) {
    return switch (failure.kind()) {
      case UNREACHABLE, TIMED_OUT, BROKEN -> {
        UpstreamFailure told = failure.withReason(failure.reason() + "; " + describe());
        yield isLasting() ? told.asLasting() : told;
      }
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

  private synchronized boolean isLasting() {
    Instant now = clock.instant();
    Instant first =
        failing
            .filter(f -> Freshness.isWithin(f.last(), SAME_OUTAGE, now))
            .map(Failing::first)
            .orElse(now);
    failing = Optional.of(new Failing(first, now));
    return !Freshness.isWithin(first, LASTING, now);
  }

  private synchronized String describe() {
    Instant at = last;
    return at.equals(Instant.MIN)
        ? server + " has not answered since this mirror started at " + seconds(started)
        : server + " last answered at " + seconds(at);
  }

  private static Instant seconds(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS);
  }
}
