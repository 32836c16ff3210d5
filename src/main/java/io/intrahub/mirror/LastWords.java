package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.policy.ObservationOrder;
import io.intrahub.store.CommitRole;
import io.intrahub.store.RepoStore;
import java.time.Clock;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What upstream said last of branches and tags, beside what clients see. Holds no state. Safe for
 * use by many threads.
 */
record LastWords(
    RepoStore store,
    ShownCommits shown,
    PendingCommits pending,
    AnswerNotes notes,
    DefaultBranch branch,
    Clock clock) {
  /**
   * The commit that upstream named last, if clients see another one because upstream does not
   * answer.
   *
   * @param reachable whether upstream answers, as far as is known
   */
  Optional<CommitHash> newer(
      Authorised<RepoId> proof, Revision revision, CommitHash visible, boolean reachable) {
    return reachable && notes.isAnswered(proof.subject(), revision)
        ? Optional.empty()
        : shown.newer(proof, revision, visible).map(Observation::value);
  }

  /**
   * The last observation of upstream, if it names a commit to which the revision is yet to move.
   * After a restart no move is pending until upstream is asked again; then the stored observation
   * counts unless the visible commit was confirmed later.
   *
   * @param reachable whether upstream answers, as far as is known
   */
  Optional<Observation<CommitHash>> named(
      Authorised<RepoId> proof,
      Revision revision,
      Observation<CommitHash> visible,
      boolean reachable) {
    RepoId repo = proof.subject();
    Optional<PendingCommit> move = pending.pending(repo, branch.leader(proof, revision));
    return reachable
            && notes.isAnswered(repo, revision)
            && move.filter(PendingCommit::isDeletion).isEmpty()
        ? shown
            .newer(proof, revision, visible.value())
            .filter(newest -> move.isPresent() || !newest.learnedAt().isBefore(visible.learnedAt()))
        : Optional.empty();
  }

  /** Whether upstream named another commit than the visible one, and not before that was known. */
  boolean isNews(Observation<CommitHash> visible, Observation<CommitHash> named) {
    return !visible.value().equals(named.value())
        && !ObservationOrder.keepsKnown(visible.learnedAt(), named.learnedAt(), clock.instant());
  }

  /** Whether no later question was answered, of what clients see and of what is pending. */
  boolean isLatest(
      Authorised<RepoId> proof,
      Revision revision,
      Optional<PendingCommit> there,
      Observation<CommitHash> to) {
    return !PendingCommit.isNewer(there, to.learnedAt(), clock.instant())
        && !isOutdated(proof, revision, to);
  }

  /**
   * Whether a question that began later confirmed the commit that clients see, or named another.
   */
  boolean isOutdated(Authorised<RepoId> proof, Revision revision, Observation<CommitHash> to) {
    return Stream.of(
            store.revision(proof, revision), store.revision(proof, revision, CommitRole.NEWEST))
        .flatMap(Optional::stream)
        .anyMatch(known ->
            ObservationOrder.keepsKnown(known.learnedAt(), to.learnedAt(), clock.instant()));
  }
}
