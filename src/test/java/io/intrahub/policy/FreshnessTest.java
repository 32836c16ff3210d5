package io.intrahub.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.policy.Freshness.Decision;
import io.intrahub.policy.Freshness.Upstream;
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
      Optional<Observation<String>> seen, Upstream upstream, boolean noCache) {
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
  })
  void what_was_seen_is_served_or_asked_for_again(
      long ageMillis, Upstream upstream, boolean noCache, Decision expected) {
    Observation<String> seen = new Observation<>("x", NOW.minusMillis(ageMillis));
    assertThat(decide(Optional.of(seen), upstream, noCache)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "REACHABLE, false, FETCH",
    "REACHABLE, true, FETCH",
    "DOWN, false, REFUSE",
    "DOWN, true, REFUSE",
    "OFFLINE, false, REFUSE",
    "OFFLINE, true, REFUSE",
  })
  void what_was_never_seen_is_fetched_or_refused(
      Upstream upstream, boolean noCache, Decision expected) {
    assertThat(decide(Optional.empty(), upstream, noCache)).isEqualTo(expected);
  }

  @Test
  void without_any_ttl_everything_is_asked_for() {
    Freshness.Settings none = new Freshness.Settings(Duration.ZERO, Duration.ZERO);
    Observation<String> seen = new Observation<>("x", NOW);
    assertThat(Freshness.decide(NOW, Optional.of(seen), none, Upstream.REACHABLE, false))
        .isEqualTo(Decision.REVALIDATE);
    assertThat(Freshness.decide(NOW, Optional.of(seen), none, Upstream.DOWN, false))
        .isEqualTo(Decision.SERVE_STALE);
  }
}
