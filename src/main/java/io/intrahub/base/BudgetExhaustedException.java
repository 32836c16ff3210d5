package io.intrahub.base;

import java.io.IOException;

/**
 * A reservation found no room in a {@link MemoryBudget} in time. The work that needed the memory
 * should be refused with a hint to retry: the budget frees itself as other work ends.
 */
public final class BudgetExhaustedException extends IOException {
  private static final long serialVersionUID = 1L;

  /** With a message that names who asked for how much. */
  BudgetExhaustedException(String message) {
    super(message);
  }
}
