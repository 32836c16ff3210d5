package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.BranchMove.Readiness;
import io.intrahub.policy.Observation;
import io.intrahub.store.RepoStore;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

/**
 * When clients see that a branch or tag was deleted: after the loads in progress, and once upstream
 * has said so twice. Until then its last commit is served.
 *
 * <p>Holds no state: {@code pending} owns what waits. Safe for use by many threads.
 */
record BranchDeletions(
    RepoStore store, ShownCommits shown, PendingCommits pending, AnswerNotes notes, Clock clock) {
  /** Upstream says that there is no such branch or tag any more. */
  void deleted(RepoId repo, Revision revision, Optional<Authorised<RepoId>> proof) {
    Optional<Observation<CommitHash>> known = proof.flatMap(p -> store.revision(p, revision));
    if (known.isEmpty()) {
      pending.clear(repo, revision, () -> store.forgetRevision(repo, revision));
      return;
    }
    pending.revisionMoved(
        repo,
        revision,
        known.get(),
        Readiness.DELETED,
        () -> shown.confirmDeleted(proof.get(), revision, clock.instant()));
    notes.learned(repo, revision, clock.instant());
  }

  /** Whether upstream has said that the revision was deleted, and clients still see it. */
  boolean isPending(RepoId repo, Revision revision) {
    return pending.pending(repo, revision).filter(PendingCommit::isDeletion).isPresent();
  }

  /** Returns whether upstream has to be asked: as {@link PendingCommits#isDeletionDue}. */
  boolean isDue(RepoId repo, Revision revision, Duration pause) {
    return pending.isDeletionDue(repo, revision, pause);
  }

  /** Notes that upstream, asked once more about a deletion, said neither yes nor no. */
  void unclear(RepoId repo, Revision revision) {
    pending.deletionUnclear(repo, revision);
  }

  /** Makes clients see that a revision was deleted, if that is due. Upstream has just said so. */
  void show(Authorised<RepoId> proof, Revision revision) {
    pending.showDeletion(proof.subject(), revision, due -> shown.show(proof, revision, due));
  }

  /** Whether clients see no commit of a revision because upstream said that it was deleted. */
  boolean isShown(RepoId repo, Revision revision) {
    return pending.isDeleted(repo, revision);
  }
}
