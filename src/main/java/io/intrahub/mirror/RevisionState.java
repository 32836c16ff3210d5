package io.intrahub.mirror;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What {@link PendingCommits} knows of one revision.
 *
 * @param lastRequested when it was last requested, or when the last response about it ended
 * @param loadSince when the present load began, which is a series of requests without a quiet time
 *     in between; since then a client may have been told the old commit
 * @param pending the commit that is not shown yet
 * @param answered whether upstream answered the last question about the revision
 * @param deleted whether clients see no commit any more because upstream said that the revision was
 *     deleted
 * @param deletionUnclear when upstream was last asked once more about the pending deletion and said
 *     neither yes nor no
 * @param learnedAt when the last question about the revision began whose answer was noted
 */
record RevisionState(
    Instant lastRequested,
    Instant loadSince,
    Optional<PendingCommit> pending,
    boolean answered,
    boolean deleted,
    Instant deletionUnclear,
    Instant learnedAt) {
  static final RevisionState NEVER_REQUESTED =
      new RevisionState(
          Instant.MIN, Instant.MIN, Optional.empty(), true, false, Instant.MIN, Instant.MIN);

  RevisionState with(Optional<PendingCommit> other) {
    return new RevisionState(
        lastRequested, loadSince, other, answered, false, Instant.MIN, learnedAt);
  }

  /** The same when what was pending is shown. */
  RevisionState withShown(PendingCommit shown) {
    return new RevisionState(
        lastRequested,
        loadSince,
        Optional.empty(),
        answered,
        shown.isDeletion(),
        Instant.MIN,
        learnedAt);
  }

  /**
   * The same, requested again.
   *
   * @param begins whether a load begins with the request
   */
  RevisionState requestedAt(Instant now, boolean begins) {
    return new RevisionState(
        now, begins ? now : loadSince, pending, answered, deleted, deletionUnclear, learnedAt);
  }

  /**
   * The same, and part of a load that began under another name of the repo.
   *
   * @param begins whether no other load is in progress
   */
  RevisionState joinedBy(RevisionState load, boolean begins) {
    return new RevisionState(
        load.lastRequested.isAfter(lastRequested) ? load.lastRequested : lastRequested,
        begins || load.loadSince.isBefore(loadSince) ? load.loadSince : loadSince,
        pending,
        answered,
        deleted,
        deletionUnclear,
        learnedAt);
  }

  /** The same, and a client may have been told the old commit at any time. */
  RevisionState withOldCommitServed() {
    return new RevisionState(
        lastRequested, Instant.MIN, pending, answered, deleted, deletionUnclear, learnedAt);
  }

  boolean isRequestedWithin(Duration time, Instant now) {
    return isWithin(lastRequested, time, now);
  }

  boolean isDeletionUnclearWithin(Duration time, Instant now) {
    return isWithin(deletionUnclear, time, now);
  }

  private static boolean isWithin(Instant then, Duration time, Instant now) {
    return !then.isAfter(now) && then.plus(time).isAfter(now);
  }

  RevisionState withAnswered(boolean other) {
    return new RevisionState(
        lastRequested, loadSince, pending, other, deleted, deletionUnclear, learnedAt);
  }

  RevisionState withDeletionUnclear(Instant now) {
    return new RevisionState(lastRequested, loadSince, pending, answered, deleted, now, learnedAt);
  }

  RevisionState withLearnedAt(Instant asked) {
    return new RevisionState(
        lastRequested, loadSince, pending, answered, deleted, deletionUnclear, asked);
  }
}
