package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.RepoStore;
import java.time.Instant;
import java.util.Optional;

/**
 * The loads of branches and tags in progress, in which clients must see one commit. Holds no state:
 * {@code pending} owns what is known of them. Safe for use by many threads.
 */
record BranchLoads(RepoStore store, PendingCommits pending, DefaultBranch branch) {
  /**
   * Notes that a request was told the commit that clients see of a revision. If they see it of the
   * default branch and of {@code main}, the request is part of the loads of both.
   *
   * @return to be run once when its response has ended
   */
  Runnable told(Authorised<RepoId> proof, Revision revision, CommitHash commit) {
    RepoId repo = proof.subject();
    Runnable end = pending.loads().told(repo, revision);
    Optional<Runnable> other =
        branch.alike(proof, revision, commit).map(alike -> pending.loads().told(repo, alike));
    return () -> {
      end.run();
      other.ifPresent(Runnable::run);
    };
  }

  /** Whether nobody asked for the revision lately, so no load is in progress. */
  boolean isQuiet(Authorised<RepoId> proof, Revision revision) {
    return pending.loads().isQuiet(proof.subject(), branch.leader(proof, revision));
  }

  /** As {@link LoadsInProgress#renamed}. */
  void renamed(RepoId from, RepoId to) {
    pending.loads().renamed(from, to);
  }

  /** Notes that a client was told the old commit although upstream should have been asked. */
  void oldCommitServed(Authorised<RepoId> proof, Revision revision) {
    pending.oldCommitServed(proof.subject(), branch.leader(proof, revision));
  }

  /**
   * When upstream last confirmed what clients see of a revision, or of the other one that they see
   * the same commit of.
   */
  Instant confirmedAt(
      Authorised<RepoId> proof, Revision revision, Observation<CommitHash> visible) {
    return branch
        .alike(proof, revision, visible.value())
        .flatMap(other -> store.revision(proof, other))
        .map(Observation::learnedAt)
        .filter(visible.learnedAt()::isBefore)
        .orElse(visible.learnedAt());
  }
}
