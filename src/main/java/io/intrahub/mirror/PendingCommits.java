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
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Commits that a revision has moved to, but that are not shown yet: a load in progress must not mix
 * files of two commits. A pending commit is shown once its revision was not asked for during {@code
 * quiet}, or has waited for {@code quietAtMost}.
 *
 * <p>There is no timer: whether it is time is looked at when the revision is asked for. Safe for
 * use by many threads. What is shown is decided and written inside the map's lock for that key, so
 * that of two decisions the one that is noted last is the one that was made last. Lock order: this
 * map, then the store.
 */
final class PendingCommits {
  private static final int MAX_ENTRIES = 100_000;

  private final Cache<Key, State> states = Caffeine.newBuilder().maximumSize(MAX_ENTRIES).build();
  private final Clock clock;
  private final Duration quiet;
  private final Duration quietAtMost;

  private record Key(RepoId repo, Revision revision) {}

  private record State(
      Instant lastAsked, Optional<Observation<CommitHash>> pending, Instant pendingSince) {}

  PendingCommits(Clock clock, Duration quiet, Duration quietAtMost) {
    this.clock = clock;
    this.quiet = quiet;
    this.quietAtMost = quietAtMost;
  }

  /**
   * The revision is asked for.
   *
   * @param show shows a commit whose time has come
   */
  void asked(RepoId repo, Revision revision, Consumer<Observation<CommitHash>> show) {
    Instant now = clock.instant();
    states
        .asMap()
        .compute(
            new Key(repo, revision),
            (k, state) -> {
              if (state == null) {
                return new State(now, Optional.empty(), now);
              }
              boolean time =
                  !state.lastAsked().plus(quiet).isAfter(now)
                      || !state.pendingSince().plus(quietAtMost).isAfter(now);
              if (state.pending().isPresent() && time) {
                show.accept(state.pending().get());
                return new State(now, Optional.empty(), now);
              }
              return new State(now, state.pending(), state.pendingSince());
            });
  }

  /**
   * The revision has moved, and all is ready to show it.
   *
   * @param mustWait looks at what is shown now and says whether the new commit has to wait; it may
   *     show it itself
   */
  void moved(RepoId repo, Revision revision, Observation<CommitHash> to, BooleanSupplier mustWait) {
    Instant now = clock.instant();
    states
        .asMap()
        .compute(
            new Key(repo, revision),
            (k, state) -> {
              State known = state == null ? new State(Instant.MIN, Optional.empty(), now) : state;
              if (!mustWait.getAsBoolean()) {
                return new State(known.lastAsked(), Optional.empty(), now);
              }
              Instant since = known.pending().isPresent() ? known.pendingSince() : now;
              return new State(known.lastAsked(), Optional.of(to), since);
            });
  }

  /**
   * A commit is shown at once, and nothing is pending any more.
   *
   * @param show shows it
   */
  void settle(RepoId repo, Revision revision, Runnable show) {
    Instant now = clock.instant();
    states
        .asMap()
        .compute(
            new Key(repo, revision),
            (k, state) -> {
              show.run();
              return new State(
                  state == null ? now : state.lastAsked(),
                  Optional.empty(),
                  state == null ? now : state.pendingSince());
            });
  }
}
