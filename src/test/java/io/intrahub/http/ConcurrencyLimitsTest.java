package io.intrahub.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ConcurrencyLimitsTest {
  private final ConcurrencyLimits counts = new ConcurrencyLimits(2);

  @Test
  void each_name_has_its_own_limit() {
    assertThat(counts.enter(List.of("a"))).isPresent();
    assertThat(counts.enter(List.of("a"))).isPresent();
    assertThat(counts.enter(List.of("a"))).isEmpty();
    assertThat(counts.enter(List.of("b"))).isPresent();
  }

  @Test
  void a_use_that_ends_makes_way_for_another() {
    ConcurrencyLimits.Use first = counts.enter(List.of("a")).orElseThrow();
    assertThat(counts.enter(List.of("a"))).isPresent();
    first.close();
    assertThat(counts.enter(List.of("a"))).isPresent();
    assertThat(counts.enter(List.of("a"))).isEmpty();
  }

  @Test
  void all_names_must_be_below_the_limit_and_none_is_counted_otherwise() {
    assertThat(counts.enter(List.of("a", "token"))).isPresent();
    assertThat(counts.enter(List.of("b", "token"))).isPresent();
    assertThat(counts.enter(List.of("c", "token"))).as("many addresses, one token").isEmpty();
    assertThat(counts.enter(List.of("a", "other"))).isPresent();
    assertThat(counts.enter(List.of("a", "third"))).as("one address, many tokens").isEmpty();
    assertThat(counts.enter(List.of("c"))).isPresent();
    assertThat(counts.enter(List.of("c"))).isPresent();
    assertThat(counts.enter(List.of("c"))).isEmpty();
  }
}
