package io.intrahub.access;

import io.intrahub.hub.RepoId;
import java.util.LinkedHashMap;

/**
 * Remembers when each repo was last refused. Clients choose which repos are refused, so the number
 * of entries is bounded. A forgotten refusal counts as a refusal of every repo, because in doubt a
 * refusal wins. Safe for use by many threads.
 */
final class LatestRefusals {
  /** About 300 bytes of heap each. */
  private static final int MAX_REPOS = 8_192;

  /** The number of each refusal, the oldest first. Guarded by this object's monitor. */
  private final LinkedHashMap<RepoId, Long> numbers = new LinkedHashMap<>();

  /** The newest refusal that was forgotten. Guarded by this object's monitor. */
  private long forgotten;

  synchronized void add(RepoId repo, EventOrder.Moment refused) {
    // Removed first, so that the map keeps the order of the refusals.
    numbers.remove(repo);
    numbers.put(repo, refused.number());
    if (numbers.size() > MAX_REPOS) {
      forgotten = numbers.pollFirstEntry().getValue();
    }
  }

  /** Returns whether the repo was, or may have been, refused after this question began. */
  synchronized boolean overtake(RepoId repo, EventOrder.Moment asked) {
    return asked.number() < Math.max(forgotten, numbers.getOrDefault(repo, 0L));
  }
}
