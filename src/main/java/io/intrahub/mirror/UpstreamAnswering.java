package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.hub.HubError;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.UpstreamState;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.HubUpstream;
import java.time.Duration;
import java.util.Optional;

/**
 * Whether upstream answers, where the commit that clients see depends on it. Holds no state. Safe
 * for use by many threads.
 *
 * @param revisionTtl how often upstream is asked about a revision at most, as long as it gives no
 *     answer that settles a deletion
 */
record UpstreamAnswering(
    HubUpstream upstream,
    BranchCommits branches,
    GrantQuestions questions,
    SlowUpstreamGuard slowUpstream,
    Duration revisionTtl) {
  /** Asks upstream first, where what is known may be out of date and a wrong guess does harm. */
  void find(Authorised<RepoId> proof, ReadAttempt attempt) {
    if (upstream.state() != UpstreamState.REACHABLE) {
      return;
    }
    RepoId repo = proof.subject();
    Revision revision = attempt.revision();
    if (branches.deletions().isDue(repo, revision, revisionTtl)) {
      // Upstream may have gone since it said so, and what is forgotten then could not be had again.
      Optional<UpstreamResult<ProbeResult>> answer =
          slowUpstream.await(repo, questions.refresh(repo, attempt));
      if (answer.isPresent()
          && answer.get() instanceof UpstreamResult.Refused(var refusal)
          && refusal.isOfRevision()) {
        branches.deletions().show(proof, revision);
      } else {
        // Else each request would cost a call, and wait for it, for as long as a limit or a login
        // page is all that comes.
        branches.deletions().unclear(repo, revision);
      }
    } else if (branches.mayFallBack(proof, revision) && !upstream.health().isKnownToAnswer()) {
      // After a start, or when the pause of an outage is over, nobody knows whether upstream can
      // serve what is not stored of the commit. To find out in the middle of a load would mix two
      // commits in it.
      var _ = slowUpstream.await(repo, questions.refresh(repo, attempt));
    }
  }

  /** Of a commit that is stored as a whole, it does not matter whether upstream ever answered. */
  boolean isKnown(Authorised<RepoId> proof, Revision revision) {
    return upstream.health().isKnownToAnswer()
        || (upstream.health().isWell() && !branches.mayFallBack(proof, revision));
  }

  /**
   * The same, or that the revision is deleted if upstream gives no answer and this was its last.
   *
   * @param found what there is of a revision of which nothing is stored
   */
  UpstreamResult<ResolvedRevision> orDeleted(
      UpstreamResult<ResolvedRevision> found, RepoId repo, Revision revision) {
    boolean isDeleted =
        found.asFailure().filter(UpstreamFailure::isOutage).isPresent()
            && branches.deletions().isShown(repo, revision);
    return isDeleted
        ? new UpstreamResult.Refused<>(
            new HubRefusal(HubError.revisionNotFound(revision), Optional.empty()))
        : found;
  }
}
