package io.intrahub.devhub;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/**
 * Decides by seeded chance, for each address apart, so that what happens at one does not depend on
 * the order of requests to others. Guarded by the lock of the {@link Faults} that it is part of.
 */
final class Chance {
  static final Chance CERTAIN = new Chance(1, 0, Integer.MAX_VALUE);

  private final double probability;
  private final int maxInARow;
  private final long seed;
  private final Map<String, Random> randoms = new HashMap<>();
  private final Map<String, Integer> inARow = new HashMap<>();

  Chance(double probability, long seed, int maxInARow) {
    this.probability = probability;
    this.maxInARow = maxInARow;
    this.seed = seed;
  }

  boolean hits(String url) {
    if (probability >= 1 && maxInARow == Integer.MAX_VALUE) {
      return true;
    }
    int before = inARow.getOrDefault(url, 0);
    Random random = randoms.computeIfAbsent(url, u -> new Random(seed * 31 + u.hashCode()));
    boolean hit = random.nextDouble() < probability && before < maxInARow;
    inARow.put(url, hit ? before + 1 : 0);
    return hit;
  }
}
