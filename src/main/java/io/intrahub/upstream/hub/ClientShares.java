package io.intrahub.upstream.hub;

import io.intrahub.access.Caller;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * Divides the calls of a window between clients. A client may make as many calls as {@value
 * #FACTOR} times those that are still free (a dynamic threshold): one alone gets eight of nine
 * calls, several get equal shares, and something is left for the next client, so that one with
 * thousands of cold files does not make all others wait for the next window.
 *
 * <p>A client that made less than one in {@value #SMALL} of a window's calls is not limited: twenty
 * such clients are needed to use up a window, so it is not what keeps others from their calls, and
 * most repos are loaded with so few.
 *
 * <p>Not safe for use by many threads: guarded by the lock of the account that it belongs to.
 */
final class ClientShares {
  private static final int FACTOR = 8;

  private static final int SMALL = 20;

  /** Clients that are counted in a window; further ones are not limited. */
  private static final int MAX_CLIENTS = 10_000;

  private final Map<String, Integer> used = new HashMap<>();

  /** When the window ends that {@link #used} is about. */
  private Instant until = Instant.MIN;

  /**
   * Returns whether a client may make a call. The mirror itself always may.
   *
   * @param free calls that all clients together may still make; {@link Long#MAX_VALUE}: no limit
   * @param limit calls of a whole window; 0 if that is not known
   */
  boolean allows(Caller caller, long free, long limit, Instant now) {
    int made = used.getOrDefault(caller.client(), 0);
    return isOver(now) || made < limit / SMALL || free > made / FACTOR;
  }

  /**
   * Takes that a client makes a call.
   *
   * @param ends when the window ends
   */
  void began(Caller caller, Instant ends, Instant now) {
    if (isOver(now)) {
      used.clear();
      until = ends;
    }
    if (!caller.client().isEmpty()
        && (used.size() < MAX_CLIENTS || used.containsKey(caller.client()))) {
      used.merge(caller.client(), 1, Integer::sum);
    }
  }

  private boolean isOver(Instant now) {
    // More than two windows ahead means that the clock was set back.
    return !now.isBefore(until) || now.plus(RateLimits.LONGEST.multipliedBy(2)).isBefore(until);
  }
}
