package io.intrahub.mirror;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.mirror.RevisionStates.RevisionKey;
import io.intrahub.policy.BranchMove;
import io.intrahub.policy.Observation;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiPredicate;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Holds back the commits that revisions have moved to, so that a load in progress does not mix
 * files of two commits. {@link BranchMove} decides when a pending commit is shown: once it can be
 * served, and no load has been in progress for {@code quiet} or it has waited for {@code
 * quietAtMost}.
 *
 * <p>There is no timer: a request for the revision decides whether it is time. That a revision was
 * deleted is shown by {@link #showDeletion} only, after upstream has said so twice.
 *
 * <p>Safe for use by many threads. All changes of one revision, with the writes to the store that
 * belong to them, are made one after the other, so that the store keeps the commit of the last
 * decision. A due commit is shown once; if the store throws, it stays pending.
 */
final class PendingCommits {
  private final RevisionStates states;

  private final LoadsInProgress loads;
  private final Clock clock;
  private final Duration quietAtMost;

  /**
   * Creates an object without any state.
   *
   * @param quiet how long no request for a revision must have begun, ended or been in progress
   * @param quietAtMost how long a commit is pending at most
   * @param bytes of heap that the states may take
   */
  PendingCommits(Clock clock, Duration quiet, Duration quietAtMost, long bytes) {
    this.states = new RevisionStates(bytes);
    this.clock = clock;
    this.loads = new LoadsInProgress(states, clock, quiet);
    this.quietAtMost = quietAtMost;
  }

  /** What is noted of upstream's answers about the revisions. */
  AnswerNotes notes() {
    return new AnswerNotes(states);
  }

  /**
   * Notes a request for a revision, and shows its pending commit if that is due.
   *
   * @param reachable whether upstream answers, as far as is known
   * @param show writes a commit to the store, where clients see it
   */
  void requested(RepoId repo, Revision revision, boolean reachable, Consumer<PendingCommit> show) {
    Instant now = clock.instant();
    RevisionKey key = new RevisionKey(repo, revision);
    RevisionState known = state(key);
    if (known.pending().isEmpty() && known.isRequestedWithin(loads.step(), now)) {
      return;
    }
    showIfDue(
        repo,
        revision,
        state -> state.requestedAt(now, loads.isQuiet(key, state, now)),
        (before, pending) -> !pending.isDeletion() && isDue(key, before, pending, reachable, now),
        show);
  }

  private boolean isDue(
      RevisionKey key, RevisionState state, PendingCommit pending, boolean reachable, Instant now) {
    boolean late =
        !pending.since().plus(quietAtMost).isAfter(now)
            // The clock was set back: the commit must not wait until that time comes again.
            || pending.since().isAfter(now);
    return BranchMove.isDue(pending.readiness(), reachable, loads.isQuiet(key, state, now), late);
  }

  /**
   * Whether upstream has to be asked once more about a deletion: it said, when it was asked last,
   * that the revision was deleted, and no load is in progress for which it has to stay.
   *
   * @param pause how long it is not asked again after it said neither yes nor no
   */
  boolean isDeletionDue(RepoId repo, Revision revision, Duration pause) {
    RevisionKey key = new RevisionKey(repo, revision);
    RevisionState state = state(key);
    return state.answered()
        && !state.isDeletionUnclearWithin(pause, clock.instant())
        && state.pending().filter(p -> isDeletionDue(key, state, p)).isPresent();
  }

  /** Notes that upstream, asked once more about a deletion, said neither yes nor no. */
  void deletionUnclear(RepoId repo, Revision revision) {
    Instant now = clock.instant();
    change(repo, revision, state -> state.withDeletionUnclear(now));
  }

  private boolean isDeletionDue(RevisionKey key, RevisionState state, PendingCommit pending) {
    return pending.isDeletion() && isDue(key, state, pending, true, clock.instant());
  }

  /**
   * Shows that the revision was deleted, if that is due. Upstream has just said so again.
   *
   * @param show writes that to the store
   */
  void showDeletion(RepoId repo, Revision revision, Consumer<PendingCommit> show) {
    showIfDue(
        repo,
        revision,
        state -> state,
        (before, pending) -> isDeletionDue(new RevisionKey(repo, revision), before, pending),
        show);
  }

  /** The loads of the revisions. */
  LoadsInProgress loads() {
    return loads;
  }

  private RevisionState state(RevisionKey key) {
    return states.get(key);
  }

  /**
   * Shows the pending commit now if the present load began at {@code since} or later.
   *
   * @param since the moment from which on no client was told the old commit without upstream being
   *     asked first
   * @param show writes a commit to the store, where clients see it
   */
  void showIfUnseen(RepoId repo, Revision revision, Instant since, Consumer<PendingCommit> show) {
    showIfSettled(repo, revision, before -> !before.loadSince().isBefore(since), show);
  }

  /**
   * Shows the pending commit now if no client has asked for the revision lately.
   *
   * @param show writes a commit to the store, where clients see it
   */
  void showIfQuiet(RepoId repo, Revision revision, Consumer<PendingCommit> show) {
    RevisionKey key = new RevisionKey(repo, revision);
    showIfSettled(repo, revision, before -> loads.isQuiet(key, before, clock.instant()), show);
  }

  private void showIfSettled(
      RepoId repo, Revision revision, Predicate<RevisionState> now, Consumer<PendingCommit> show) {
    showIfDue(
        repo,
        revision,
        state -> state,
        (before, pending) ->
            !pending.isDeletion()
                && now.test(before)
                && BranchMove.isDue(pending.readiness(), true, true, false),
        show);
  }

  private void showIfDue(
      RepoId repo,
      Revision revision,
      UnaryOperator<RevisionState> change,
      BiPredicate<RevisionState, PendingCommit> isDue,
      Consumer<PendingCommit> show) {
    change(
        repo,
        revision,
        state -> {
          RevisionState changed = change.apply(state);
          Optional<PendingCommit> due = state.pending().filter(p -> isDue.test(state, p));
          due.ifPresent(show);
          return due.map(changed::withShown).orElse(changed);
        });
  }

  /**
   * Notes that a revision has moved to another commit, or back to one that can be served.
   *
   * @param mustWait reads from the store which commit is shown, and returns whether the new one has
   *     to wait; it may show the new one itself
   */
  void revisionMoved(
      RepoId repo,
      Revision revision,
      Observation<CommitHash> to,
      BranchMove.Readiness readiness,
      BooleanSupplier mustWait) {
    moveIf(
        repo,
        revision,
        readiness,
        _ -> true,
        () -> mustWait.getAsBoolean() ? Optional.of(to) : Optional.empty());
  }

  /**
   * Lets another commit wait, unless what is pending by then is better.
   *
   * @param gives decides, while no other thread changes the revision, whether what is pending gives
   *     way
   * @param next reads from the store which commit is shown, and returns the one that has to wait;
   *     empty if none has to
   */
  void moveIf(
      RepoId repo,
      Revision revision,
      BranchMove.Readiness readiness,
      Predicate<Optional<PendingCommit>> gives,
      Supplier<Optional<Observation<CommitHash>>> next) {
    Instant now = clock.instant();
    change(
        repo,
        revision,
        state ->
            gives.test(state.pending())
                ? state.with(
                    next.get().map(to -> PendingCommit.after(state.pending(), to, readiness, now)))
                : state);
  }

  /**
   * Drops the pending commit if upstream confirmed the visible one since it named the pending one.
   *
   * @param asked when the question began that named the visible commit
   * @param isVisible reads from the store whether clients see the confirmed commit, or none, or may
   *     see it from now on
   * @param show writes to the store that it was confirmed
   * @return what {@code isVisible} said
   */
  boolean confirmed(
      RepoId repo, Revision revision, Instant asked, BooleanSupplier isVisible, Runnable show) {
    AtomicBoolean isConfirmed = new AtomicBoolean();
    change(
        repo,
        revision,
        state -> {
          isConfirmed.set(isVisible.getAsBoolean());
          if (!isConfirmed.get()
              || PendingCommit.isNewer(state.pending(), asked, clock.instant())) {
            return state;
          }
          show.run();
          return state.with(Optional.empty());
        });
    return isConfirmed.get();
  }

  /**
   * Notes what has become of a pending commit whose files were being fetched.
   *
   * @param write notes in the store what that means; also run if the commit is not pending any more
   */
  void warmed(
      RepoId repo,
      Revision revision,
      CommitHash commit,
      BranchMove.Readiness readiness,
      Consumer<Boolean> write) {
    Instant now = clock.instant();
    change(
        repo,
        revision,
        state -> {
          Optional<PendingCommit> there =
              state.pending().filter(p -> p.to().value().equals(commit));
          write.accept(there.isPresent());
          return there.isPresent()
              ? state.with(
                  there.map(p -> PendingCommit.after(state.pending(), p.to(), readiness, now)))
              : state;
        });
  }

  /** Whether {@link #showIfUnseen} would show the pending commit if it were settled. */
  boolean mayShow(RepoId repo, Revision revision, Instant since) {
    RevisionState state = state(new RevisionKey(repo, revision));
    return state.pending().isPresent() && !state.loadSince().isBefore(since);
  }

  /** Forgets everything about a repo, whose name belongs to another one now. */
  void forget(RepoId repo) {
    states.forget(repo);
    loads.forget(repo);
  }

  /** Whether clients see no commit of the revision because upstream said that it was deleted. */
  boolean isDeleted(RepoId repo, Revision revision) {
    return state(new RevisionKey(repo, revision)).deleted();
  }

  /** What is pending for the revision. */
  Optional<PendingCommit> pending(RepoId repo, Revision revision) {
    return state(new RevisionKey(repo, revision)).pending();
  }

  /** Notes that a client was told the old commit although upstream should have been asked. */
  void oldCommitServed(RepoId repo, Revision revision) {
    change(repo, revision, RevisionState::withOldCommitServed);
  }

  /**
   * Drops the pending commit.
   *
   * @param show writes to the store what is shown instead
   */
  void clear(RepoId repo, Revision revision, Runnable show) {
    clearIf(
        repo,
        revision,
        () -> {
          show.run();
          return true;
        });
  }

  /** Writes to the store, and drops the pending commit if {@code write} says so. */
  void clearIf(RepoId repo, Revision revision, BooleanSupplier write) {
    change(repo, revision, state -> write.getAsBoolean() ? state.with(Optional.empty()) : state);
  }

  /**
   * Writes to the store while no other thread changes the revision; what is pending stays so.
   *
   * @param write reads from the store which commit is shown, and notes what was learned; it is
   *     given what is pending
   */
  void keep(RepoId repo, Revision revision, Consumer<Optional<PendingCommit>> write) {
    change(
        repo,
        revision,
        state -> {
          write.accept(state.pending());
          return state;
        });
  }

  private void change(RepoId repo, Revision revision, UnaryOperator<RevisionState> change) {
    states.change(new RevisionKey(repo, revision), change);
  }
}
