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

/**
 * Commits that a revision has moved to, but that are not shown yet: a load in progress must not mix
 * files of two commits. A pending commit is shown once its revision was not asked for during {@code
 * quiet}, or has waited for {@code quietAtMost}.
 *
 * <p>There is no timer: whether it is time is looked at when the revision is asked for. Safe for
 * use by many threads; each decision is made inside the map's own lock for that key.
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

  /** The revision is asked for. Returns a commit that is to be shown from now on. */
  Optional<Observation<CommitHash>> asked(RepoId repo, Revision revision) {
    Instant now = clock.instant();
    Key key = new Key(repo, revision);
    Optional<Observation<CommitHash>>[] due = newHolder();
    states
        .asMap()
        .compute(
            key,
            (k, state) -> {
              if (state == null) {
                return new State(now, Optional.empty(), now);
              }
              boolean time =
                  !state.lastAsked().plus(quiet).isAfter(now)
                      || !state.pendingSince().plus(quietAtMost).isAfter(now);
              if (state.pending().isPresent() && time) {
                due[0] = state.pending();
                return new State(now, Optional.empty(), now);
              }
              return new State(now, state.pending(), state.pendingSince());
            });
    return due[0];
  }

  /** The revision has moved, and all is ready to show it. */
  void moved(RepoId repo, Revision revision, Observation<CommitHash> to) {
    Instant now = clock.instant();
    states
        .asMap()
        .compute(
            new Key(repo, revision),
            (k, state) -> {
              if (state == null) {
                return new State(Instant.MIN, Optional.of(to), now);
              }
              Instant since = state.pending().isPresent() ? state.pendingSince() : now;
              return new State(state.lastAsked(), Optional.of(to), since);
            });
  }

  /** Nothing is pending any more. */
  void settled(RepoId repo, Revision revision) {
    states
        .asMap()
        .computeIfPresent(
            new Key(repo, revision),
            (k, state) -> new State(state.lastAsked(), Optional.empty(), state.pendingSince()));
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // Java has no generic arrays.
  private static Optional<Observation<CommitHash>>[] newHolder() {
    return new Optional[] {Optional.empty()};
  }
}
