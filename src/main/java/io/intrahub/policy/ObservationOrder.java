package io.intrahub.policy;

import java.time.Instant;

/**
 * Decides which of two observations of one thing is kept. Stores and their caches all use this rule
 * and no other, so that what is in memory and what is on the disk never differ. A pure function.
 */
public final class ObservationOrder {
  private ObservationOrder() {}

  /**
   * Whether the observation that is known stays when another one is offered. The younger one wins;
   * of two from the same moment, the offered one wins.
   *
   * <p>A known observation from the future never stays: it was made before the clock was set back,
   * and would keep all others out until the clock reaches its time again.
   *
   * @param known when the known observation was made
   * @param offered when the offered one was made
   * @param now the present moment
   */
  public static boolean keepsKnown(Instant known, Instant offered, Instant now) {
    return known.isAfter(offered) && !known.isAfter(now);
  }
}
