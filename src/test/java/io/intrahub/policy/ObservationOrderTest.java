package io.intrahub.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The whole table. */
class ObservationOrderTest {
  private static final Instant NOW = Instant.parse("2026-06-01T10:00:00Z");

  @ParameterizedTest(name = "known {0} s ago, offered {1} s ago: the known one stays: {2}")
  @CsvSource({
    "10, 20, true",
    "10, 10, false",
    "20, 10, false",
    "0, 1, true",
    "0, 0, false",
    // The offered one is from the future: it is the younger one until another is offered.
    "10, -5, false",
    // The known one is from the future.
    "-1, 5, false",
    "-1, 0, false",
    "-10, -5, false",
    "-5, -10, false",
  })
  void the_younger_one_wins_unless_it_is_from_the_future(
      long known, long offered, boolean knownStays) {
    assertThat(ObservationOrder.keepsKnown(NOW.minusSeconds(known), NOW.minusSeconds(offered), NOW))
        .isEqualTo(knownStays);
  }
}
