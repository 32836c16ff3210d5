package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.CommitRole;
import io.intrahub.store.RepoStore;
import java.util.Optional;

/**
 * Whether the default branch is {@code main}. transformers 5 asks for a commit without a revision,
 * and for files at {@code main}, so the two must show one commit to a load. Only the Hub knows
 * which branch is the default, and it may change, so they count as one branch only while they show
 * the same commit and upstream's last word on both is the same, too.
 *
 * <p>While they are one, a move of {@code main} is a move of both: what is pending is pending of
 * {@code main}, requests for either are part of its loads, and the default branch is changed with
 * it. Each has its own observation all the same, and is refreshed by its own questions: an answer
 * about one says nothing about the other.
 *
 * <p>Holds no state: all of it follows from the store, so it is the same after a restart. Safe for
 * use by many threads. Whoever changes both locks {@code main} first, then the default branch.
 */
record DefaultBranch(RepoStore store, ShownCommits shown, PendingCommits pending) {
  /** The revision that may be the same branch; empty if none may. */
  static Optional<Revision> other(Revision revision) {
    if (revision.equals(Revision.DEFAULT)) {
      return Optional.of(Revision.MAIN);
    }
    return revision.equals(Revision.MAIN) ? Optional.of(Revision.DEFAULT) : Optional.empty();
  }

  /** Whether the default branch and {@code main} are one branch, as far as is known. */
  boolean isOne(Authorised<RepoId> proof) {
    Optional<CommitHash> named = lastNamed(proof, Revision.DEFAULT);
    return named.isPresent()
        && named.equals(lastNamed(proof, Revision.MAIN))
        && visible(proof, Revision.DEFAULT).equals(visible(proof, Revision.MAIN))
        && !isDeletionPending(proof, Revision.DEFAULT)
        && !isDeletionPending(proof, Revision.MAIN);
  }

  private boolean isDeletionPending(Authorised<RepoId> proof, Revision revision) {
    return pending.pending(proof.subject(), revision).filter(PendingCommit::isDeletion).isPresent();
  }

  /** The revision whose pending move and loads count: {@code main} for both while they are one. */
  Revision leader(Authorised<RepoId> proof, Revision revision) {
    return revision.equals(Revision.DEFAULT) && isOne(proof) ? Revision.MAIN : revision;
  }

  /** The commit that upstream named last, as far as is known. */
  Optional<CommitHash> lastNamed(Authorised<RepoId> proof, Revision revision) {
    return lastWord(proof, revision).map(Observation::value);
  }

  /** The last observation of upstream; empty if clients see no commit. */
  Optional<Observation<CommitHash>> lastWord(Authorised<RepoId> proof, Revision revision) {
    Optional<Observation<CommitHash>> visible = store.revision(proof, revision);
    return visible.isPresent()
        ? store.revision(proof, revision, CommitRole.NEWEST).or(() -> visible)
        : Optional.empty();
  }

  private Optional<CommitHash> visible(Authorised<RepoId> proof, Revision revision) {
    return store.revision(proof, revision).map(Observation::value);
  }

  /** The other revision, if clients see the same commit of it: a load may be of both. */
  Optional<Revision> alike(Authorised<RepoId> proof, Revision revision, CommitHash commit) {
    return other(revision).filter(o -> visible(proof, o).filter(commit::equals).isPresent());
  }

  /**
   * The other revision, if it has to be asked about because upstream named another commit of this
   * one: the two may be one branch, which has moved.
   */
  Optional<Revision> toAsk(Authorised<RepoId> proof, Revision revision, CommitHash named) {
    return other(revision)
        .filter(o -> lastNamed(proof, o).filter(named::equals).isEmpty())
        .filter(o -> visible(proof, o).isPresent() && !isDeletionPending(proof, o))
        .filter(_ -> lastNamed(proof, revision).filter(named::equals).isEmpty());
  }

  /** Whether clients see no commit of this revision yet, and one of the other. */
  boolean mayAdopt(Authorised<RepoId> proof, Revision revision) {
    return visible(proof, revision).isEmpty()
        && other(revision).filter(o -> visible(proof, o).isPresent()).isPresent();
  }

  /**
   * The last word on both, if clients see it of the other revision and an older commit of this one:
   * the process ended in the middle of a move of both, or they have become one since.
   */
  Optional<Observation<CommitHash>> missed(Authorised<RepoId> proof, Revision revision) {
    Optional<Observation<CommitHash>> visible = store.revision(proof, revision);
    return visible.isEmpty()
        ? Optional.empty()
        : shown
            .newer(proof, revision, visible.get().value())
            .filter(word ->
                alike(proof, revision, word.value())
                    .flatMap(o -> lastNamed(proof, o))
                    .filter(word.value()::equals)
                    .isPresent())
            .filter(_ -> !isDeletionPending(proof, revision))
            .map(word ->
                word.learnedAt().isBefore(visible.get().learnedAt())
                    ? new Observation<>(word.value(), visible.get().learnedAt())
                    : word);
  }

  /**
   * Changes what clients see of a revision; of {@code main}, the default branch is changed with it
   * if they are one. The caller holds the lock of the revision.
   *
   * @param change writes to the store
   */
  void show(Authorised<RepoId> proof, Revision revision, Runnable change) {
    if (!revision.equals(Revision.MAIN) || visible(proof, Revision.DEFAULT).isEmpty()) {
      change.run();
      return;
    }
    pending.clearIf(
        proof.subject(),
        Revision.DEFAULT,
        () -> {
          boolean isOne = isOne(proof);
          change.run();
          if (isOne) {
            shown.follow(proof, Revision.MAIN, Revision.DEFAULT);
          }
          return isOne;
        });
  }

  /**
   * Keeps with the default branch what is kept with {@code main}, if they are one: should upstream
   * part them, it goes on from there. The caller holds the lock of the revision.
   */
  void settle(Authorised<RepoId> proof, Revision revision) {
    if (revision.equals(Revision.DEFAULT) && isOne(proof)) {
      shown.follow(proof, Revision.MAIN, revision);
    }
  }

  /**
   * Has a revision of which clients see nothing yet show what clients see of the other one, if
   * upstream named the same commit of both and that is not visible: whoever loads the other one
   * would mix two commits. It may be a commit at which the revision never was, if it is not the
   * same branch; but no longer than the move of the other one takes.
   *
   * @return whether it does now
   */
  boolean adopt(Authorised<RepoId> proof, Revision revision, Observation<CommitHash> named) {
    Optional<Revision> other =
        other(revision)
            .filter(_ -> visible(proof, revision).isEmpty())
            .filter(o -> lastNamed(proof, o).filter(named.value()::equals).isPresent())
            .filter(o -> shown.isOther(proof, o, named.value()) && !isDeletionPending(proof, o));
    other.ifPresent(o -> shown.adopt(proof, o, revision, named));
    return other.isPresent();
  }

  /** Works while no other thread changes the revision, or the one that may be the same branch. */
  void exclusively(RepoId repo, Revision revision, Runnable work) {
    if (other(revision).isEmpty()) {
      pending.keep(repo, revision, _ -> work.run());
    } else {
      pending.keep(repo, Revision.MAIN, _ -> pending.keep(repo, Revision.DEFAULT, _ -> work.run()));
    }
  }
}
