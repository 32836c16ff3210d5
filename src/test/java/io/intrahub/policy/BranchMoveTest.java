package io.intrahub.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.policy.BranchMove.Readiness;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The whole table: eight cases for each state of readiness. */
class BranchMoveTest {
  /**
   * Digits for: not reachable, then reachable; in each: neither quiet nor late, quiet, late, both.
   */
  private static final Map<Readiness, String> DUE =
      new EnumMap<>(
          Map.of(
              Readiness.UNLISTED, "0000 0011",
              Readiness.WARMING, "0000 0000",
              Readiness.UNANSWERED, "0000 0000",
              Readiness.PARTIAL, "0000 0111",
              Readiness.COMPLETE, "0111 0111",
              Readiness.DELETED, "0000 0111",
              Readiness.FALLBACK, "0111 0000"));

  @ParameterizedTest
  @EnumSource(Readiness.class)
  void each_case_has_its_answer(Readiness readiness) {
    String expected = DUE.get(readiness).replace(" ", "");
    for (int i = 0; i < 8; i++) {
      boolean due = BranchMove.isDue(readiness, i >= 4, i % 2 == 1, i / 2 % 2 == 1);
      assertThat(due).as("%s, case %d", readiness, i).isEqualTo(expected.charAt(i) == '1');
    }
  }

  @Test
  void only_what_waits_for_upstream_is_not_settled() {
    assertThat(Stream.of(Readiness.values()).filter(r -> !r.isSettled()))
        .containsExactly(Readiness.WARMING, Readiness.UNANSWERED);
  }
}
