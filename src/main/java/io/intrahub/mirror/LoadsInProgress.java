package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.mirror.RevisionStates.RevisionKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/**
 * Which revisions clients are loading. A load is in progress while a response about the revision is
 * being sent, and until a while after the last request or response. Safe for use by many threads.
 */
final class LoadsInProgress {
  /** The longest {@link #step}. */
  private static final Duration LONGEST_STEP = Duration.ofMillis(100);

  private static final int MAX_NAMES = 10_000;

  private final RevisionStates states;

  /** Requests that were told the commit of a revision and have not got their whole response yet. */
  private final InFlight<RevisionKey> inFlight = new InFlight<>();

  /** Under which name a load of a repo may have begun, and responses may still be in flight. */
  private final Cache<RepoId, RepoId> earlierNames =
      Caffeine.newBuilder().maximumSize(MAX_NAMES).build();

  private final Clock clock;
  private final Duration quiet;
  private final Duration step;

  /**
   * No load is in progress.
   *
   * @param quiet how long no request for a revision must have begun, ended or been in progress
   */
  LoadsInProgress(RevisionStates states, Clock clock, Duration quiet) {
    this.states = states;
    this.clock = clock;
    this.quiet = quiet;
    Duration tenth = quiet.dividedBy(10);
    this.step = tenth.compareTo(LONGEST_STEP) < 0 ? tenth : LONGEST_STEP;
  }

  /**
   * Requests for a revision that are closer together than this are noted as one. If each was noted,
   * hundreds of clients of one repo would wait for each other.
   */
  Duration step() {
    return step;
  }

  /**
   * Notes that a request was told the commit that clients see of a revision. Until the response has
   * ended, a load is in progress, however long it takes.
   *
   * @return to be run once when the response has ended
   */
  Runnable told(RepoId repo, Revision revision) {
    RevisionKey key = new RevisionKey(repo, revision);
    noteRequest(key);
    inFlight.entered(key);
    return () -> {
      noteRequest(key);
      inFlight.left(key);
    };
  }

  private void noteRequest(RevisionKey key) {
    Instant now = clock.instant();
    if (!states.get(key).isRequestedWithin(step, now)) {
      states.change(key, state -> state.requestedAt(now, isQuiet(key, state, now)));
    }
  }

  /**
   * Returns whether no load is in progress: no request is being answered, and during {@code quiet}
   * nobody asked for the revision and no response ended.
   */
  boolean isQuiet(RepoId repo, Revision revision) {
    RevisionKey key = new RevisionKey(repo, revision);
    return isQuiet(key, states.get(key), clock.instant());
  }

  /** The same of a state of the revision at a moment. */
  boolean isQuiet(RevisionKey key, RevisionState state, Instant now) {
    RepoId earlier = earlierNames.getIfPresent(key.repo());
    return isQuietByName(key, state, now)
        && (earlier == null || isQuietByName(new RevisionKey(earlier, key.revision()), now));
  }

  private boolean isQuietByName(RevisionKey key, Instant now) {
    return isQuietByName(key, states.get(key), now);
  }

  private boolean isQuietByName(RevisionKey key, RevisionState state, Instant now) {
    return !inFlight.isAny(key) && !state.lastRequested().plus(quiet).isAfter(now);
  }

  /**
   * The loads of a repo go on under another name: clients that began under the first name are led
   * to the other one, and must see no other commit there.
   */
  void renamed(RepoId from, RepoId to) {
    Instant now = clock.instant();
    for (RevisionKey key : states.keys(from)) {
      RevisionState load = states.get(key);
      if (!isQuietByName(key, load, now)) {
        RevisionKey same = new RevisionKey(to, key.revision());
        states.change(same, state -> state.joinedBy(load, isQuietByName(same, state, now)));
      }
    }
    earlierNames.put(to, from);
  }

  /** Forgets the other name of a repo, whose name belongs to another one now. */
  void forget(RepoId repo) {
    earlierNames
        .asMap()
        .entrySet()
        .removeIf(names -> names.getKey().equals(repo) || names.getValue().equals(repo));
  }
}
