package io.intrahub.upstream.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What another intrahub said of its answers. */
class MirrorLabelTest {
  private static boolean isStale(String... values) {
    return MirrorLabel.has("stale", Arrays.asList(values));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "intrahub; hit; ttl=-30; detail=stale",
        "intrahub;hit;detail=stale",
        "intrahub; hit; detail=stale; newer=\"00\"",
        "intrahub; hit; ttl=5, intrahub; fwd=bypass; detail=stale",
        "nginx; hit; key=\"a, b; c\", intrahub; hit; detail=stale",
      })
  void a_label_of_any_mirror_on_the_way_counts(String value) {
    assertThat(isStale(value)).isTrue();
    assertThat(isStale("nginx; hit", value)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "intrahub; hit; ttl=30",
        "intrahub; hit; detail=unverified",
        "intrahub; hit; key=\"x; detail=stale\"",
        "intrahub; hit; key=\"\\\"; detail=stale\"",
        "intrahub; hit, nginx; detail=stale",
        "nginx; detail=stale",
      })
  void nothing_else_does(String value) {
    assertThat(isStale(value)).isFalse();
  }

  @Test
  void an_answer_without_the_header_is_not_stale() {
    assertThat(MirrorLabel.has("stale", List.of())).isFalse();
  }
}
