package io.intrahub.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.base.MemoryBudget;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ApiRepliesTest {
  private final MemoryBudget budget = new MemoryBudget(4_000, Duration.ZERO);

  @Test
  void a_body_in_memory_counts_against_its_client_until_it_is_closed() throws Exception {
    byte[] bytes = new byte[600];
    try (ReplyBody body = ApiReplies.inMemory(budget, "one", bytes)) {
      assertThat(body.whole()).containsSame(bytes);
      assertThat(budget.usage().used()).isEqualTo(600);
      assertThatThrownBy(() -> ApiReplies.inMemory(budget, "one", bytes))
          .isInstanceOf(BudgetExhaustedException.class);
      ApiReplies.inMemory(budget, "two", bytes).close();
    }
    assertThat(budget.usage().used()).isZero();
  }
}
