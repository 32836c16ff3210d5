package io.intrahub.policy;

/**
 * Decides when clients see the commit to which a branch or tag is to move. A pure function.
 *
 * <p>A move waits for two things: that the commit can be served, and that no load is in progress
 * which could mix files of two commits.
 */
public final class BranchMove {
  private BranchMove() {}

  /** What is known of the move that waits. */
  public enum Readiness {
    /** Upstream answered, but the listing of the commit could not be had. */
    UNLISTED,
    /** Files that have to be there first are being fetched. */
    WARMING,
    /** Upstream gave no answer while the listing or the files were fetched: to be tried again. */
    UNANSWERED,
    /** Some of these files can't be fetched, or are too large: upstream has to serve them. */
    PARTIAL,
    /** The store serves every file of the commit of which it served the predecessor. */
    COMPLETE,
    /** Upstream says that the branch or tag no longer exists. */
    DELETED,
    /** A step back from a commit that only upstream could serve in full, to one that is stored. */
    FALLBACK;

    /** Whether the move waits for nothing more than the end of the loads in progress. */
    public boolean isSettled() {
      return this != WARMING && this != UNANSWERED;
    }
  }

  /**
   * Returns whether a move takes place now.
   *
   * @param reachable whether upstream answers, as far as the mirror knows
   * @param quiet whether no load is in progress
   * @param late whether the move has waited for loads as long as it may
   */
  public static boolean isDue(Readiness readiness, boolean reachable, boolean quiet, boolean late) {
    return switch (readiness) {
      case COMPLETE -> quiet || late;
      case PARTIAL, DELETED -> reachable && (quiet || late);
      case UNLISTED -> reachable && late;
      case FALLBACK -> !reachable && (quiet || late);
      case WARMING, UNANSWERED -> false;
    };
  }
}
