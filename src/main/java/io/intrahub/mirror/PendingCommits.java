package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BiPredicate;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Commits that a revision has moved to, but that are not shown yet: a load in progress must not mix
 * files of two commits. A pending commit is shown once its revision was not asked for during {@code
 * quiet} and its manifest is known, or has waited for {@code quietAtMost}.
 *
 * <p>There is no timer: whether it is time is looked at when the revision is asked for. Safe for
 * use by many threads. What is shown is decided and written inside the map's lock for that key, so
 * that of two decisions the one that is noted last is the one that was made last. Lock order: this
 * map, then the store.
 */
final class PendingCommits {
  /** The longest {@link #step}. */
  private static final Duration LONGEST_STEP = Duration.ofMillis(100);

  /** What the state of a revision takes besides its two names of any length, in bytes. */
  private static final int OVERHEAD = 600;

  private final Cache<Key, State> states;
  private final Clock clock;
  private final Duration quiet;

  /**
   * Requests for a revision that are closer together than this are noted as one. To note each of
   * them would make hundreds of clients of one repo wait for each other.
   */
  private final Duration step;

  private final Duration quietAtMost;

  private record Key(RepoId repo, Revision revision) {}

  /**
   * One revision.
   *
   * @param lastRequested when it was asked for last
   * @param loadSince since when it is asked for without a quiet time between; from then on somebody
   *     may have been told the old commit
   */
  private record State(Instant lastRequested, Instant loadSince, Optional<Pending> pending) {
    private static final State NEVER_REQUESTED =
        new State(Instant.MIN, Instant.MIN, Optional.empty());

    State with(Optional<Pending> other) {
      return new State(lastRequested, loadSince, other);
    }
  }

  /**
   * A commit that waits.
   *
   * @param since when the first of them began to wait
   * @param known whether its manifest is
   */
  private record Pending(Observation<CommitHash> to, Instant since, boolean known) {}

  /**
   * Nothing was asked for yet.
   *
   * @param bytes of heap that the states may take
   */
  PendingCommits(Clock clock, Duration quiet, Duration quietAtMost, long bytes) {
    this.states =
        Caffeine.newBuilder()
            .maximumWeight(bytes)
            .weigher((Key key, State state) ->
                OVERHEAD + 2 * (key.repo().id().length() + key.revision().value().length()))
            .build();
    this.clock = clock;
    this.quiet = quiet;
    Duration tenth = quiet.dividedBy(10);
    this.step = tenth.compareTo(LONGEST_STEP) < 0 ? tenth : LONGEST_STEP;
    this.quietAtMost = quietAtMost;
  }

  /**
   * The revision is asked for.
   *
   * @param show shows a commit whose time has come
   */
  void requested(RepoId repo, Revision revision, Consumer<Observation<CommitHash>> show) {
    Instant now = clock.instant();
    State known = states.getIfPresent(new Key(repo, revision));
    if (known != null
        && known.pending().isEmpty()
        && !known.lastRequested().isAfter(now)
        && known.lastRequested().plus(step).isAfter(now)) {
      return;
    }
    showIfDue(
        repo,
        revision,
        state -> {
          boolean calm = !state.lastRequested().plus(quiet).isAfter(now);
          return new State(now, calm ? now : state.loadSince(), state.pending());
        },
        (before, pending) ->
            (pending.known() && !before.lastRequested().plus(quiet).isAfter(now))
                || !pending.since().plus(quietAtMost).isAfter(now)
                // The clock was set back; nobody should wait until it is that late again.
                || pending.since().isAfter(now),
        show);
  }

  /** Whether nobody asked for the revision for so long that no load of it is under way. */
  boolean isQuiet(RepoId repo, Revision revision) {
    State state = states.getIfPresent(new Key(repo, revision));
    return state == null || !state.lastRequested().plus(quiet).isAfter(clock.instant());
  }

  /**
   * Shows a commit at once, if those who ask now began after {@code since}.
   *
   * @param since from when on nobody was told the old commit without upstream being asked first
   */
  void showIfUnseen(
      RepoId repo, Revision revision, Instant since, Consumer<Observation<CommitHash>> show) {
    showIfDue(
        repo,
        revision,
        state -> state,
        (before, pending) -> pending.known() && !before.loadSince().isBefore(since),
        show);
  }

  private void showIfDue(
      RepoId repo,
      Revision revision,
      UnaryOperator<State> change,
      BiPredicate<State, Pending> isDue,
      Consumer<Observation<CommitHash>> show) {
    change(
        repo,
        revision,
        state -> {
          State changed = change.apply(state);
          Optional<Pending> due = state.pending().filter(p -> isDue.test(state, p));
          due.map(Pending::to).ifPresent(show);
          return due.isPresent() ? changed.with(Optional.empty()) : changed;
        });
  }

  /**
   * The revision has moved.
   *
   * @param known whether all is ready to show it
   * @param mustWait looks at what is shown now and says whether the new commit has to wait; it may
   *     show it itself
   */
  void revisionMoved(
      RepoId repo,
      Revision revision,
      Observation<CommitHash> to,
      boolean known,
      BooleanSupplier mustWait) {
    Instant now = clock.instant();
    change(
        repo,
        revision,
        state -> {
          if (!mustWait.getAsBoolean()) {
            return state.with(Optional.empty());
          }
          Instant since = state.pending().map(Pending::since).orElse(now);
          return state.with(Optional.of(new Pending(to, since, known)));
        });
  }

  /** Somebody was told the old commit, although it is old. */
  void oldCommitServed(RepoId repo, Revision revision) {
    change(repo, revision, state -> new State(state.lastRequested(), Instant.MIN, state.pending()));
  }

  /**
   * Nothing is pending any more.
   *
   * @param show shows what is to be shown instead
   */
  void clear(RepoId repo, Revision revision, Runnable show) {
    change(
        repo,
        revision,
        state -> {
          show.run();
          return state.with(Optional.empty());
        });
  }

  private void change(RepoId repo, Revision revision, UnaryOperator<State> change) {
    states
        .asMap()
        .compute(
            new Key(repo, revision),
            (key, known) -> change.apply(known == null ? State.NEVER_REQUESTED : known));
  }
}
