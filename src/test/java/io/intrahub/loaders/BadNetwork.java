package io.intrahub.loaders;

import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Fault;
import io.intrahub.devhub.Recorded;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Makes a share of all answers of a Hub and its CDN fail, each in one of the ways that networks and
 * servers have. One throw of the dice per request: so the share and the run of failures are what
 * they are said to be, however many kinds there are. Safe for use by many threads.
 */
final class BadNetwork {
  /** Below the size of every file, so that they always show. */
  private static final long SOON = 20;

  private static final List<Fault> KINDS =
      List.of(
          status(500),
          status(502),
          status(503),
          status(429),
          new Fault.Status(429, Map.of("RateLimit", "\"api\";r=0;t=0"), "{\"error\":\"slow\"}"),
          new Fault.Disconnect(),
          new Fault.ResetAfter(0),
          new Fault.ResetAfter(SOON),
          new Fault.ResetAfter(200_000),
          new Fault.Truncate(SOON),
          new Fault.Truncate(200_000));

  private final double share;
  private final int maxInARow;
  private final Random random;

  // All guarded by "this".
  private final Map<String, Integer> inARow = new HashMap<>();
  private final Map<Long, Integer> thrown = new HashMap<>();
  private int failed;

  private BadNetwork(double share, int maxInARow, long seed) {
    this.share = share;
    this.maxInARow = maxInARow;
    this.random = new Random(seed);
  }

  /**
   * Begins until the Hub's faults are cleared.
   *
   * @param maxInARow failures of one path at most, before an answer is left alone
   */
  static BadNetwork of(DevHub hub, double share, int maxInARow, long seed) {
    BadNetwork network = new BadNetwork(share, maxInARow, seed);
    for (int kind = 0; kind < KINDS.size(); kind++) {
      int mine = kind;
      hub.faults()
          .everywhere()
          .when(request -> network.kindFor(request) == mine)
          .apply(KINDS.get(kind));
    }
    return network;
  }

  /** How many answers failed so far. */
  synchronized int failed() {
    return failed;
  }

  /** The kind of failure of this request, thrown once; -1 is none. */
  private synchronized int kindFor(Recorded request) {
    return thrown.computeIfAbsent(
        request.number(),
        number -> {
          int before = inARow.getOrDefault(request.path(), 0);
          boolean fails = random.nextDouble() < share && before < maxInARow;
          inARow.put(request.path(), fails ? before + 1 : 0);
          if (!fails) {
            return -1;
          }
          failed++;
          return random.nextInt(KINDS.size());
        });
  }

  private static Fault status(int code) {
    return new Fault.Status(code, Map.of(), "{\"error\":\"scripted " + code + "\"}");
  }
}
