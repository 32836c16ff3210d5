package io.intrahub.mirror;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * The states of revisions, in memory. Safe for use by many threads: all changes of one revision are
 * made one after the other.
 */
final class RevisionStates {
  /** Bytes of heap per state, besides the names of its repo and revision. */
  private static final int OVERHEAD = 600;

  /**
   * What is known of each revision. Read by all threads; written only by the one that holds the
   * revision's lock. No code of this class runs inside the cache's own locks.
   */
  private final Cache<RevisionKey, RevisionState> states;

  /**
   * Held while the state of one revision is decided on, written to the store, and changed. Lock
   * order: this lock, then those of the store.
   */
  private final KeyedLock<RevisionKey> locks = new KeyedLock<>();

  /** One revision of one repo. */
  record RevisionKey(RepoId repo, Revision revision) {}

  /**
   * Creates an object without any state.
   *
   * @param bytes of heap that the states may take
   */
  RevisionStates(long bytes) {
    this.states =
        Caffeine.newBuilder()
            .maximumWeight(bytes)
            .weigher((RevisionKey key, RevisionState state) ->
                OVERHEAD + 2 * (key.repo().id().length() + key.revision().value().length()))
            .build();
  }

  RevisionState get(RevisionKey key) {
    return Optional.ofNullable(states.getIfPresent(key)).orElse(RevisionState.NEVER_REQUESTED);
  }

  /**
   * Changes a state, while no other thread changes it.
   *
   * @param change may write to the store; if it throws, the state stays as it was
   */
  void change(RevisionKey key, UnaryOperator<RevisionState> change) {
    RevisionState _ =
        locks.with(
            key,
            () -> {
              RevisionState changed = change.apply(get(key));
              states.put(key, changed);
              return changed;
            });
  }

  /** The revisions of a repo whose states are known. */
  List<RevisionKey> keys(RepoId repo) {
    return states.asMap().keySet().stream().filter(key -> key.repo().equals(repo)).toList();
  }

  /** Forgets the states of a repo, and what changes in progress make of them. */
  void forget(RepoId repo) {
    // A change in progress writes a state when it ends, so each is waited for.
    Stream.concat(states.asMap().keySet().stream(), locks.keys().stream())
        .filter(key -> key.repo().equals(repo))
        .distinct()
        .toList()
        .forEach(key ->
            locks.with(
                key,
                () -> {
                  states.invalidate(key);
                  return key;
                }));
  }
}
