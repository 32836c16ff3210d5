package io.intrahub.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.policy.Freshness.Decision;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table of decisions: by example, and as a whole. */
class FreshnessTest {
  private static final Instant NOW = Instant.parse("2026-06-01T10:00:00Z");
  private static final Lifetime BRANCH =
      Lifetime.of(Duration.ofSeconds(60), Duration.ofMinutes(10));

  private static Decision decide(Optional<Instant> seen, UpstreamState upstream, boolean noCache) {
    return Freshness.decide(NOW, seen, BRANCH, upstream, directives(noCache));
  }

  private static CacheDirectives directives(boolean noCache) {
    return noCache ? CacheDirectives.NO_CACHE : CacheDirectives.NONE;
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
    Optional<Instant> seen = Optional.of(NOW.minusMillis(ageMillis));
    assertThat(decide(seen, upstream, noCache)).isEqualTo(expected);
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

  @ParameterizedTest
  @CsvSource({
    // Age in minutes of a grant that is fresh for 5, renewed from 2.5 and counts for 60.
    "2, REACHABLE, SERVE",
    "3, REACHABLE, SERVE_AND_REFRESH",
    "3, DOWN, SERVE",
    "14, REACHABLE, SERVE_AND_REFRESH",
    "14, DOWN, SERVE_STALE",
    "15, REACHABLE, REVALIDATE",
    "59, REACHABLE, REVALIDATE",
    "59, OFFLINE, SERVE_STALE",
    "60, REACHABLE, FETCH",
    "60, DOWN, REFUSE",
    "-1, REACHABLE, FETCH",
    "-1, DOWN, REFUSE",
  })
  void a_grant_is_renewed_behind_the_clients_back_and_ends_with_its_grace(
      int ageMinutes, UpstreamState upstream, Decision expected) {
    Lifetime grant =
        new Lifetime(
            Duration.ofSeconds(150),
            Duration.ofMinutes(5),
            Duration.ofMinutes(10),
            Duration.ofHours(1));
    Optional<Instant> seen = Optional.of(NOW.minus(Duration.ofMinutes(ageMinutes)));
    assertThat(Freshness.decide(NOW, seen, grant, upstream, CacheDirectives.NONE))
        .isEqualTo(expected);
  }

  /** Every order of the four times, and every age on both sides of each of them. */
  @Test
  void every_cell_of_the_grid_is_what_the_oracle_says() {
    List<Duration> times =
        List.of(Duration.ZERO, Duration.ofSeconds(10), Duration.ofSeconds(20), Lifetime.FOREVER);
    int cells = 0;
    for (Duration renewAfter : times) {
      for (Duration ttl : times.subList(0, 3)) {
        for (Duration whileRevalidate : times.subList(0, 3)) {
          for (Duration ifError : times) {
            Lifetime lifetime = new Lifetime(renewAfter, ttl, whileRevalidate, ifError);
            for (Optional<Instant> seen : moments(lifetime)) {
              for (UpstreamState upstream : UpstreamState.values()) {
                for (CacheDirectives asked : DIRECTIVES) {
                  Decision decision = Freshness.decide(NOW, seen, lifetime, upstream, asked);
                  if (decision != oracle(seen, lifetime, upstream, asked)) {
                    // Without the words of a million cells that are as they should be.
                    assertThat(decision)
                        .as("%s, seen %s, %s, %s", lifetime, seen, upstream, asked)
                        .isEqualTo(oracle(seen, lifetime, upstream, asked));
                  }
                  cells++;
                }
              }
            }
          }
        }
      }
    }
    assertThat(cells).isGreaterThan(200_000);
  }

  private static Set<Optional<Instant>> moments(Lifetime lifetime) {
    Set<Optional<Instant>> moments = new HashSet<>();
    moments.add(Optional.empty());
    moments.add(Optional.of(Instant.MIN));
    moments.add(Optional.of(Instant.MAX));
    for (Duration limit :
        List.of(
            Duration.ZERO,
            lifetime.renewAfter(),
            lifetime.ttl(),
            lifetime.servedFor(),
            lifetime.staleIfError())) {
      for (int nanos = -1; nanos <= 1; nanos++) {
        if (!limit.equals(Lifetime.FOREVER)) {
          moments.add(Optional.of(NOW.minus(limit).minusNanos(nanos)));
        }
      }
    }
    return moments;
  }

  /** Every combination of directives, with times on both sides of the lifetimes. */
  private static final List<CacheDirectives> DIRECTIVES = directives();

  private static List<CacheDirectives> directives() {
    Duration ten = Duration.ofSeconds(10);
    List<CacheDirectives> all = new ArrayList<>();
    for (boolean noCache : new boolean[] {false, true}) {
      for (boolean onlyIfCached : new boolean[] {false, true}) {
        for (Optional<Duration> maxAge : List.of(Optional.<Duration>empty(), Optional.of(ten))) {
          for (Duration minFresh : List.of(Duration.ZERO, Duration.ofSeconds(5))) {
            for (Duration maxStale : List.of(Duration.ZERO, ten, Lifetime.FOREVER)) {
              all.add(new CacheDirectives(noCache, onlyIfCached, maxAge, minFresh, maxStale));
            }
          }
        }
      }
    }
    return all;
  }

  private static Decision oracle(
      Optional<Instant> seen, Lifetime lifetime, UpstreamState upstream, CacheDirectives asked) {
    boolean down = upstream == UpstreamState.DOWN || upstream == UpstreamState.OFFLINE;
    double age =
        seen.filter(at -> !at.isAfter(NOW)).map(at -> seconds(at)).orElse(Double.POSITIVE_INFINITY);
    boolean fresh = age < seconds(lifetime.ttl());
    boolean usable =
        seen.isPresent()
            && (fresh
                || age < seconds(lifetime.staleIfError())
                || lifetime.staleIfError().equals(Lifetime.FOREVER));
    boolean welcome =
        age < seconds(lifetime.ttl()) + seconds(asked.maxStale())
            || asked.maxStale().equals(Lifetime.FOREVER);
    boolean atOnce = fresh || age < seconds(lifetime.servedFor()) || welcome;
    boolean demanded =
        asked.noCache()
            || asked.maxAge().filter(most -> age >= seconds(most)).isPresent()
            || (!asked.minFresh().isZero()
                && age + seconds(asked.minFresh()) >= seconds(lifetime.ttl()));
    boolean never = asked.onlyIfCached();
    if (!usable || (never && demanded)) {
      return down || never ? Decision.REFUSE : Decision.FETCH;
    } else if (down) {
      return fresh ? Decision.SERVE : Decision.SERVE_STALE;
    } else if (upstream == UpstreamState.LIMITED) {
      return atOnce ? Decision.SERVE : Decision.SERVE_STALE;
    } else if (demanded || !atOnce) {
      return never ? Decision.REFUSE : Decision.REVALIDATE;
    }
    boolean due = !fresh || age >= seconds(lifetime.renewAfter());
    return due && upstream == UpstreamState.REACHABLE && !never
        ? Decision.SERVE_AND_REFRESH
        : Decision.SERVE;
  }

  private static double seconds(Instant at) {
    return seconds(Duration.between(at, NOW));
  }

  private static double seconds(Duration time) {
    return time.equals(Lifetime.FOREVER)
        ? Double.POSITIVE_INFINITY
        : time.getSeconds() + time.getNano() / 1e9;
  }

  @Test
  void without_any_ttl_everything_is_asked_for() {
    Lifetime none = Lifetime.of(Duration.ZERO, Duration.ZERO);
    assertThat(
            Freshness.decide(
                NOW, Optional.of(NOW), none, UpstreamState.REACHABLE, CacheDirectives.NONE))
        .isEqualTo(Decision.REVALIDATE);
    assertThat(
            Freshness.decide(NOW, Optional.of(NOW), none, UpstreamState.DOWN, CacheDirectives.NONE))
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
