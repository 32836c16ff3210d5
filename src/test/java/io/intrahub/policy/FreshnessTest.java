package io.intrahub.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.policy.Freshness.Decision;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The whole table, with ttl 60 s and stale-while-revalidate 600 s. */
class FreshnessTest {
  private static final Instant NOW = Instant.parse("2026-06-01T10:00:00Z");
  private static final Freshness.Settings SETTINGS = Freshness.Settings.DEFAULT;

  private static Decision decide(
      Optional<Observation<String>> seen, UpstreamState upstream, boolean noCache) {
    return Freshness.decide(NOW, seen, SETTINGS, upstream, noCache);
  }

  @ParameterizedTest
  @CsvSource({
    // Age in ms, upstream, no-cache, what to do.
    "0, REACHABLE, false, SERVE",
    "59999, REACHABLE, false, SERVE",
    "60000, REACHABLE, false, SERVE_AND_REFRESH",
    "659999, REACHABLE, false, SERVE_AND_REFRESH",
    "660000, REACHABLE, false, REVALIDATE",
    "86400000, REACHABLE, false, REVALIDATE",
    "-1, REACHABLE, false, REVALIDATE",
    "-86400000, REACHABLE, false, REVALIDATE",
    "0, REACHABLE, true, REVALIDATE",
    "59999, REACHABLE, true, REVALIDATE",
    "60000, REACHABLE, true, REVALIDATE",
    "660000, REACHABLE, true, REVALIDATE",
    "-1, REACHABLE, true, REVALIDATE",
    "0, DOWN, false, SERVE",
    "59999, DOWN, false, SERVE",
    "60000, DOWN, false, SERVE_STALE",
    "660000, DOWN, false, SERVE_STALE",
    "31536000000, DOWN, false, SERVE_STALE",
    "-1, DOWN, false, SERVE_STALE",
    "0, DOWN, true, SERVE",
    "59999, DOWN, true, SERVE",
    "60000, DOWN, true, SERVE_STALE",
    "660000, DOWN, true, SERVE_STALE",
    "-1, DOWN, true, SERVE_STALE",
    "0, OFFLINE, false, SERVE",
    "59999, OFFLINE, false, SERVE",
    "60000, OFFLINE, false, SERVE_STALE",
    "660000, OFFLINE, false, SERVE_STALE",
    "-1, OFFLINE, false, SERVE_STALE",
    "0, OFFLINE, true, SERVE",
    "60000, OFFLINE, true, SERVE_STALE",
    "-1, OFFLINE, true, SERVE_STALE",
    "59999, SAVING, false, SERVE",
    "60000, SAVING, false, SERVE",
    "659999, SAVING, false, SERVE",
    "660000, SAVING, false, REVALIDATE",
    "-1, SAVING, false, REVALIDATE",
    "0, SAVING, true, REVALIDATE",
    "60000, SAVING, true, REVALIDATE",
    "660000, SAVING, true, REVALIDATE",
    "-1, SAVING, true, REVALIDATE",
    "59999, LIMITED, false, SERVE",
    "60000, LIMITED, false, SERVE",
    "659999, LIMITED, false, SERVE",
    "660000, LIMITED, false, SERVE_STALE",
    "-1, LIMITED, false, SERVE_STALE",
    "0, LIMITED, true, SERVE",
    "60000, LIMITED, true, SERVE",
    "660000, LIMITED, true, SERVE_STALE",
    "-1, LIMITED, true, SERVE_STALE",
  })
  void what_was_seen_is_served_or_asked_for_again(
      long ageMillis, UpstreamState upstream, boolean noCache, Decision expected) {
    Observation<String> seen = new Observation<>("x", NOW.minusMillis(ageMillis));
    assertThat(decide(Optional.of(seen), upstream, noCache)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "REACHABLE, false, FETCH",
    "REACHABLE, true, FETCH",
    "SAVING, false, FETCH",
    "SAVING, true, FETCH",
    "LIMITED, false, FETCH",
    "LIMITED, true, FETCH",
    "DOWN, false, REFUSE",
    "DOWN, true, REFUSE",
    "OFFLINE, false, REFUSE",
    "OFFLINE, true, REFUSE",
  })
  void what_was_never_seen_is_fetched_or_refused(
      UpstreamState upstream, boolean noCache, Decision expected) {
    assertThat(decide(Optional.empty(), upstream, noCache)).isEqualTo(expected);
  }

  @Test
  void without_any_ttl_everything_is_asked_for() {
    Freshness.Settings none = new Freshness.Settings(Duration.ZERO, Duration.ZERO);
    Observation<String> seen = new Observation<>("x", NOW);
    assertThat(Freshness.decide(NOW, Optional.of(seen), none, UpstreamState.REACHABLE, false))
        .isEqualTo(Decision.REVALIDATE);
    assertThat(Freshness.decide(NOW, Optional.of(seen), none, UpstreamState.DOWN, false))
        .isEqualTo(Decision.SERVE_STALE);
  }

  @ParameterizedTest
  @CsvSource({
    // Age in ns, ttl in ns, whether it is usable.
    "0, 60000000000, true",
    "59999999999, 60000000000, true",
    "60000000000, 60000000000, false",
    "60000000001, 60000000000, false",
    "-1, 60000000000, false",
    "-3600000000000, 60000000000, false",
    "0, 0, false",
    "-1, 0, false",
    "0, 1, true",
    "1, 1, false",
  })
  void an_observation_is_usable_until_its_time_to_live_ends(
      long ageNanos, long ttlNanos, boolean usable) {
    assertThat(Freshness.isWithin(NOW.minusNanos(ageNanos), Duration.ofNanos(ttlNanos), NOW))
        .isEqualTo(usable);
  }

  @Test
  void the_oldest_and_the_newest_moments_can_be_judged() {
    Duration hundredYears = Duration.ofDays(36_525);
    assertThat(Freshness.isWithin(Instant.MIN, hundredYears, NOW)).isFalse();
    assertThat(Freshness.isWithin(Instant.MAX, hundredYears, NOW)).isFalse();
    assertThat(Freshness.hasLeft(Instant.MIN, hundredYears, NOW)).isFalse();
    assertThat(Freshness.hasLeft(Instant.MAX, hundredYears, NOW)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    // Nanoseconds that are left, margin in ns, whether it may be handed out.
    "10000000001, 10000000000, true",
    "10000000000, 10000000000, false",
    "9999999999, 10000000000, false",
    "1, 0, true",
    "0, 0, false",
    "-1, 0, false",
    "-1, 10000000000, false",
  })
  void what_expires_by_itself_is_handed_out_while_more_than_the_margin_is_left(
      long leftNanos, long marginNanos, boolean usable) {
    assertThat(Freshness.hasLeft(NOW.plusNanos(leftNanos), Duration.ofNanos(marginNanos), NOW))
        .isEqualTo(usable);
  }
}
