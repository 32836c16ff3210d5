package io.intrahub.devhub;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/** Decides by seeded chance. Guarded by the lock of the {@link Faults} that it is part of. */
final class Chance {
  static final Chance CERTAIN = new Chance(1, 0, Integer.MAX_VALUE);

  private final double probability;
  private final int maxInARow;
  private final Random random;
  private final Map<String, Integer> inARow = new HashMap<>();

  Chance(double probability, long seed, int maxInARow) {
    this.probability = probability;
    this.maxInARow = maxInARow;
    this.random = new Random(seed);
  }

  boolean hits(String url) {
    if (probability >= 1 && maxInARow == Integer.MAX_VALUE) {
      return true;
    }
    int before = inARow.getOrDefault(url, 0);
    boolean hit = random.nextDouble() < probability && before < maxInARow;
    inARow.put(url, hit ? before + 1 : 0);
    return hit;
  }
}
