package io.intrahub.mirror;

import io.intrahub.hub.CommitHash;
import io.intrahub.policy.BranchMove;
import io.intrahub.policy.Observation;
import io.intrahub.policy.ObservationOrder;
import java.time.Instant;
import java.util.Optional;

/**
 * A commit of a revision that is not shown yet.
 *
 * @param since when this revision began to have a pending commit that waits only for loads; if it
 *     has had none, when it began to have one at all
 * @param settled whether it has had one that waits only for loads
 */
record PendingCommit(
    Observation<CommitHash> to, BranchMove.Readiness readiness, Instant since, boolean settled) {
  /** The commit that takes the place of what was pending before. */
  static PendingCommit after(
      Optional<PendingCommit> before,
      Observation<CommitHash> to,
      BranchMove.Readiness readiness,
      Instant now) {
    boolean wasSettled = before.filter(PendingCommit::settled).isPresent();
    return new PendingCommit(
        to,
        readiness,
        wasSettled ? before.get().since() : now,
        wasSettled || readiness.isSettled());
  }

  /** Whether upstream said that the revision was deleted. */
  boolean isDeletion() {
    return readiness == BranchMove.Readiness.DELETED;
  }

  /**
   * Whether upstream named what is pending in answer to a later question.
   *
   * @param asked when the question began that it is compared with
   */
  static boolean isNewer(Optional<PendingCommit> there, Instant asked, Instant now) {
    return there
        .filter(p -> ObservationOrder.keepsKnown(p.to().learnedAt(), asked, now))
        .isPresent();
  }
}
