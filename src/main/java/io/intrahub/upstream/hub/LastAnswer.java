package io.intrahub.upstream.hub;

import io.intrahub.policy.Freshness;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * Knows when an answer of one kind last came, and since when calls have failed for want of one, so
 * that errors can tell people how long an outage has lasted. Not kept over a restart. Safe for use
 * by many threads.
 */
final class LastAnswer {
  /** A client that asks again after a failure gains by that if the outage is no longer. */
  private static final Duration LASTING = Duration.ofSeconds(2);

  /** Failures that are further apart may have had answers between them, had anybody asked. */
  private static final Duration SAME_OUTAGE = Duration.ofSeconds(60);

  private final Clock clock;
  private final String words;
  private final String neverWords;
  private final Instant started;

  /** {@link Instant#MIN} before the first answer. Guarded by this. */
  private Instant last = Instant.MIN;

  /** The first and the last of the failures without an answer in between. Guarded by this. */
  private Optional<Failing> failing = Optional.empty();

  private record Failing(Instant first, Instant last) {}

  /**
   * Makes one.
   *
   * @param words for a person, before the time of the last answer
   * @param neverWords the same while none has come, before the time of the start
   */
  LastAnswer(Clock clock, String words, String neverWords) {
    this.clock = clock;
    this.words = words;
    this.neverWords = neverWords;
    this.started = clock.instant();
  }

  /** An answer of this kind came. */
  synchronized void heard() {
    last = clock.instant();
    failing = Optional.empty();
  }

  /** Whether an answer has come since the start. */
  synchronized boolean isThere() {
    return !last.equals(Instant.MIN);
  }

  /** A call failed for want of such an answer. */
  synchronized void failed() {
    Instant now = clock.instant();
    failing = Optional.of(new Failing(current(now).map(Failing::first).orElse(now), now));
  }

  /** Whether calls have failed for more than a moment, without an answer in between. */
  synchronized boolean isMissing() {
    Instant now = clock.instant();
    return current(now).filter(f -> !Freshness.isWithin(f.first(), LASTING, now)).isPresent();
  }

  private Optional<Failing> current(Instant now) {
    return failing.filter(f -> Freshness.isWithin(f.last(), SAME_OUTAGE, now));
  }

  /** When the last answer came, for a person. */
  synchronized String describe() {
    return isThere() ? words + " " + seconds(last) : neverWords + " " + seconds(started);
  }

  private static Instant seconds(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS);
  }
}
