package io.intrahub.cachefolder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.base.MemoryBudget;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class GitTreeHashTest {
  private static final int REGULAR = 0100644;
  private static final byte[] ID = new byte[20];

  /** One owner may hold 64 KiB. */
  private final MemoryBudget budget = new MemoryBudget(256 << 10, Duration.ZERO);

  @Test
  void a_tree_without_files_has_gits_well_known_id() throws Exception {
    try (MemoryBudget.Reservation memory = budget.reservation("import")) {
      assertThat(new GitTreeHash(memory).root())
          .isEqualTo("4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    }
  }

  @Test
  void a_folder_takes_memory_of_the_budget_until_it_is_left() throws Exception {
    try (MemoryBudget.Reservation memory = budget.reservation("import")) {
      GitTreeHash tree = new GitTreeHash(memory);
      for (int i = 0; i < 20_000; i++) {
        tree.add(REGULAR, "folder%03d/file%02d".formatted(i / 100, i % 100), ID);
      }
      assertThat(memory.bytes()).isBetween(1L, 64L << 10);
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 2_000; i++) {
                  tree.add(REGULAR, "z/file%04d".formatted(i), ID);
                }
              })
          .isInstanceOf(BudgetExhaustedException.class);
    }
  }
}
