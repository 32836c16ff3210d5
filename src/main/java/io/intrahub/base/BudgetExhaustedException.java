package io.intrahub.base;

import java.io.IOException;

/**
 * Thrown when a {@link MemoryBudget} could not grant a reservation in time. The caller should
 * refuse the work with a hint to retry, because memory becomes free as other work ends.
 */
public final class BudgetExhaustedException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with a message that names the owner and the number of bytes. */
  BudgetExhaustedException(String message) {
    super(message);
  }
}
