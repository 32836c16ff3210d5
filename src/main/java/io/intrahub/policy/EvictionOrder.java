package io.intrahub.policy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Chooses what a full store gives up. Pure: it looks at nothing but its arguments.
 *
 * <p>The order:
 *
 * <ol>
 *   <li>what helps least: published blobs, manifests and answers that are superseded, and pieces of
 *       blobs that nobody has asked for in an hour. Who asks for a branch never gets what is
 *       superseded, and pieces alone serve nobody; what is lost with them is the time to fetch a
 *       part again. Among these the least recently used first;
 *   <li>all other blobs, the least recently used first. Fresh pieces are here too: whoever was cut
 *       off comes back within minutes and goes on from them, while a blob that nobody asked for in
 *       a month may as well go;
 *   <li>answers about current commits, and then their manifests. They are small beside the blobs
 *       that nobody can load without them while the Hub is away.
 * </ol>
 *
 * <p>Of two that were used in the same second the larger goes first, since fewer files then go.
 * What is in use never goes.
 */
public final class EvictionOrder {
  /** Pieces younger than this are likely to be asked for again, in seconds. */
  static final long FRESH_SECONDS = 3600;

  private EvictionOrder() {}

  /** What a candidate is. */
  public enum Kind {
    /** A whole blob under its name. */
    PUBLISHED,
    /** Pieces of a blob that nobody fetches at present. */
    PIECES,
    /** The answers about a commit. */
    ANSWERS,
    /** The list of a commit's entries. */
    MANIFEST
  }

  /**
   * Something that may be given up.
   *
   * @param key how its owner knows it
   * @param size what would be freed, in bytes
   * @param lastUse in seconds since 1970
   * @param superseded whether no commit that a branch or tag is at now names it
   * @param inUse whether somebody reads or writes it now
   * @param <K> how candidates are known
   */
  public record Candidate<K>(
      K key, Kind kind, long size, long lastUse, boolean superseded, boolean inUse) {}

  /**
   * What must go so that this many bytes become free: no more of the order than is needed.
   *
   * @param candidates in any order; not changed
   * @param toFree in bytes; for 0 or less nothing goes
   * @param now in seconds since 1970
   * @return in the order in which they go. All of them together may be too little.
   */
  public static <K> List<Candidate<K>> victims(
      List<Candidate<K>> candidates, long toFree, long now) {
    if (toFree <= 0) {
      return List.of();
    }
    List<Candidate<K>> order = new ArrayList<>(candidates.size());
    for (Candidate<K> candidate : candidates) {
      // An empty file takes a name and no room: to fetch it again would be a loss for nothing.
      if (!candidate.inUse() && candidate.size() > 0) {
        order.add(candidate);
      }
    }
    order.sort(
        Comparator.<Candidate<K>>comparingInt(c -> rank(c, now))
            .thenComparingLong(Candidate::lastUse)
            .thenComparing(Comparator.<Candidate<K>>comparingLong(Candidate::size).reversed()));
    long freed = 0;
    int count = 0;
    while (count < order.size() && freed < toFree) {
      freed += order.get(count).size();
      count++;
    }
    return List.copyOf(order.subList(0, count));
  }

  private static int rank(Candidate<?> candidate, long now) {
    return switch (reason(candidate, now)) {
      case SUPERSEDED, OLD_PIECES -> 0;
      case LEAST_RECENTLY_USED -> 1;
      case METADATA -> candidate.kind() == Kind.ANSWERS ? 2 : 3;
    };
  }

  /** Why a candidate has its place in the order. */
  public enum Reason {
    /** No branch or tag is at a commit that names it. */
    SUPERSEDED,
    /** Pieces of a blob that nobody has asked for in an hour. */
    OLD_PIECES,
    /** It is a blob, or fresh pieces of one. */
    LEAST_RECENTLY_USED,
    /** It is an answer about a current commit, or the list of its entries. */
    METADATA
  }

  /**
   * Returns why a candidate has its place in the order.
   *
   * @param now in seconds since 1970
   */
  public static Reason reason(Candidate<?> candidate, long now) {
    return switch (candidate.kind()) {
      case PIECES ->
          candidate.lastUse() <= now - FRESH_SECONDS
              ? Reason.OLD_PIECES
              : Reason.LEAST_RECENTLY_USED;
      case PUBLISHED -> candidate.superseded() ? Reason.SUPERSEDED : Reason.LEAST_RECENTLY_USED;
      case ANSWERS, MANIFEST -> candidate.superseded() ? Reason.SUPERSEDED : Reason.METADATA;
    };
  }
}
