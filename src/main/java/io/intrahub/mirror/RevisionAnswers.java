package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.Observation;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.HubUpstream;
import java.util.Optional;

/**
 * Answers clients who ask for the commit of a revision, with the label that says how old the answer
 * is. Holds no state. Safe for use by many threads.
 */
record RevisionAnswers(
    HubUpstream upstream,
    BranchCommits branches,
    UpstreamAnswering answering,
    RevisionLabels labels) {
  /** What an endpoint says that is not believed is passed through and proves nothing. */
  UpstreamResult<ResolvedRevision> unanswered(RepoId repo, UpstreamFailure failure) {
    return upstream.health().mayPassOn(failure)
        ? new UpstreamResult.Value<>(new ResolvedRevision.NotKept(repo, Optional.empty()))
        : new UpstreamResult.Failed<>(failure);
  }

  /** The authority may not read it. A token holder was told so by the Hub itself. */
  static UpstreamResult<ResolvedRevision> closed(
      RepoId repo, Optional<HubRefusal> refusal, ReadAttempt attempt) {
    return refusal.isPresent() && !attempt.as().isAnonymous()
        ? new UpstreamResult.Refused<>(refusal.get())
        : new UpstreamResult.Value<>(new ResolvedRevision.NotKept(repo, refusal));
  }

  /** The answer is this commit. Until its response has ended, a load is in progress. */
  UpstreamResult<ResolvedRevision> at(
      Authorised<RepoId> proof, CommitHash commit, CacheLabel label, ReadAttempt attempt) {
    if (attempt.revision().asCommit().isEmpty()) {
      attempt.request().client().onEnd(branches.loads().told(proof, attempt.revision(), commit));
    }
    CacheLabel told = labels.told(label, proof, attempt.as());
    return new UpstreamResult.Value<>(new ResolvedRevision.At(proof, commit, told, attempt.as()));
  }

  /**
   * The answer is the commit that upstream named last, for a client that wants upstream's word. No
   * load is in progress because of it: the move of the branch to this commit would not disturb one.
   *
   * @param stale whether it is served because upstream gave no answer now
   */
  UpstreamResult<ResolvedRevision> alone(
      Authorised<RepoId> proof, Observation<CommitHash> named, boolean stale, ReadAttempt attempt) {
    CacheLabel told = labels.told(labels.of(named, stale), proof, attempt.as());
    return new UpstreamResult.Value<>(
        new ResolvedRevision.At(proof, named.value(), told, attempt.as()));
  }

  /**
   * The answer is what is known of a revision.
   *
   * @param stale whether it is served because upstream can't be asked
   */
  UpstreamResult<ResolvedRevision> at(
      Authorised<RepoId> proof,
      Observation<CommitHash> observation,
      boolean stale,
      ReadAttempt attempt) {
    CacheLabel label = labels.of(observation, stale);
    boolean reachable = !stale && answering.isKnown(proof, attempt.revision());
    Optional<CommitHash> newer =
        branches.words().newer(proof, attempt.revision(), observation.value(), reachable);
    return at(proof, observation.value(), newer.map(label::withNewer).orElse(label), attempt);
  }
}
