package io.intrahub.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Options that don't go together. */
class OptionRulesTest {
  @ParameterizedTest
  @CsvSource({
    "INTRAHUB_WAITS_STALE, 9s, waits.stale is longer than waits.head",
    "INTRAHUB_NEW_COMMITS_AT_LATEST, 4s, new-commits.quiet is longer than new-commits.at-latest",
    "INTRAHUB_ACCESS_PUBLIC_TTL, 8d, access.public-ttl is longer than",
    "INTRAHUB_LISTINGS_LEARN_LIMIT, 9999, listings.answer-limit is more than listings.learn-limit",
    "INTRAHUB_STORE_LOW_WATERMARK, 95, store.low-watermark is not less than store.high-watermark",
    "INTRAHUB_STORE_HIGH_WATERMARK, 80, store.low-watermark is not less than store.high-watermark",
    "INTRAHUB_ADMIN_PORT, 8090, server.port and admin.port are both 8090"
  })
  void a_pair_that_cannot_work_is_told_at_the_place_that_somebody_wrote(
      String variable, String value, String expected) {
    assertThat(failure(Map.of(variable, value)).problems())
        .singleElement()
        .asString()
        .startsWith(variable + ": " + expected);
  }

  @Test
  void one_port_on_two_addresses_is_fine() throws Exception {
    Map<String, String> environment =
        Map.of("INTRAHUB_SERVER_HOST", "10.0.0.1", "INTRAHUB_ADMIN_PORT", "8090");

    assertThat(ConfigLoader.load(Optional.empty(), environment, Map.of()).admin().port())
        .isEqualTo(8090);
  }

  @Test
  void any_free_port_may_be_asked_for_twice() throws Exception {
    Map<String, String> environment =
        Map.of("INTRAHUB_SERVER_PORT", "0", "INTRAHUB_ADMIN_PORT", "0");

    assertThat(ConfigLoader.load(Optional.empty(), environment, Map.of()).server().port()).isZero();
  }

  private static ConfigException failure(Map<String, String> environment) {
    return catchThrowableOfType(
        ConfigException.class, () -> ConfigLoader.load(Optional.empty(), environment, Map.of()));
  }
}
