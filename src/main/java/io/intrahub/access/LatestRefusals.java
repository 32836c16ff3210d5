package io.intrahub.access;

import io.intrahub.hub.RepoId;
import java.util.LinkedHashMap;

/**
 * Remembers when each grant was last refused, and when each authority was refused altogether.
 * Clients choose which repos are refused, so the number of entries is bounded. A forgotten refusal
 * counts as a refusal of everything, because in doubt a refusal wins. Safe for use by many threads.
 */
final class LatestRefusals {
  /** About 400 bytes of heap each. */
  private static final int MAX_REFUSALS = 8_192;

  /**
   * The number of each refusal, the oldest first; by {@link Grant}, or by {@link Authority} or
   * {@link RepoId} for all of its grants. Guarded by this object's monitor.
   */
  private final LinkedHashMap<Object, Long> numbers = new LinkedHashMap<>();

  /** The newest refusal that was forgotten. Guarded by this object's monitor. */
  private long forgotten;

  void add(Grant grant, EventOrder.Moment refused) {
    put(grant, refused);
  }

  void addAll(Authority authority, EventOrder.Moment refused) {
    put(authority, refused);
  }

  /** Whatever was said of the repo before was said of another one. */
  void addAll(RepoId repo, EventOrder.Moment replaced) {
    put(repo, replaced);
  }

  private synchronized void put(Object what, EventOrder.Moment refused) {
    // Removed first, so that the map keeps the order of the refusals.
    numbers.remove(what);
    numbers.put(what, refused.number());
    if (numbers.size() > MAX_REFUSALS) {
      forgotten = numbers.pollFirstEntry().getValue();
    }
  }

  /**
   * Returns whether the grant was, or may have been, refused after this question began. A refusal
   * of the metadata is one of the content too.
   */
  synchronized boolean overtake(Grant grant, EventOrder.Moment asked) {
    Grant metadata = new Grant(grant.repo(), grant.authority(), ReadScope.METADATA);
    return asked.number() < forgotten
        || isOlder(asked, grant)
        || isOlder(asked, metadata)
        || isOlder(asked, grant.authority())
        || isOlder(asked, grant.repo());
  }

  private boolean isOlder(EventOrder.Moment asked, Object refused) {
    return asked.number() < numbers.getOrDefault(refused, 0L);
  }
}
