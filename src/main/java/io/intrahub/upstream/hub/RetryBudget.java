package io.intrahub.upstream.hub;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How often one question to the Hub, or the fetching of one content, may be tried again. All layers
 * that try again draw on the same budget, so that their attempts add up instead of multiplying.
 *
 * <p>A question that {@code n} endpoints may answer costs at most {@code n} + {@value #RETRIES}
 * attempts. A source of a content that is opened {@code n} times without delivering anything makes
 * at most {@code n} + {@value #RETRIES} attempts in all.
 *
 * <p>Safe for use by many threads.
 */
final class RetryBudget {
  /**
   * Enough for two calls with all their attempts: to find the address of a content and to read from
   * it, or to ask two endpoints.
   */
  static final int RETRIES = 2 * (RetryPolicy.TRIES - 1);

  private final AtomicInteger left = new AtomicInteger(RETRIES);

  /** Whether no further attempt may be made. */
  boolean isSpent() {
    return left.get() == 0;
  }

  /** Takes one more attempt, if there is one. */
  boolean tryTake() {
    return left.getAndUpdate(n -> Math.max(0, n - 1)) > 0;
  }

  /** Upstream delivered something: what fails next is another failure. */
  void refill() {
    left.set(RETRIES);
  }
}
