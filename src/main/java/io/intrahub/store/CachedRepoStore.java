package io.intrahub.store;

import io.intrahub.access.Authorised;
import io.intrahub.access.Authority;
import io.intrahub.access.Grant;
import io.intrahub.base.CacheSizes;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.policy.ObservationOrder;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Keeps the small facts of a {@link RepoStore} in memory, because every request asks for them: the
 * grants of its repo, its alias, its revision. Absences are kept too. One process owns the store,
 * so nobody else changes it; writes go to memory and through to the store.
 *
 * <p>Safe for use by many threads. A read never waits for a write or for another read, and a slow
 * read can't bring back what was just overwritten: see {@link FactCache}.
 */
public final class CachedRepoStore implements RepoStore {
  /** What a fact takes besides its names of any length, in bytes. */
  private static final int OVERHEAD = 500;

  /** What an authority takes, in bytes. */
  private static final int FINGERPRINT = 200;

  /** A grant is written again only when it is younger by this: each write costs two fsyncs. */
  private static final Duration GRANT_STEP = Duration.ofSeconds(30);

  private final RepoStore store;
  private final Clock clock;
  private final FactCache<Grant, Confirmation> grants;
  private final FactCache<RepoId, Optional<Observation<RepoId>>> aliases;
  private final FactCache<RevisionKey, Optional<Observation<CommitHash>>> revisions;

  /**
   * What is kept of a revision.
   *
   * @param role empty: the commit that clients see
   */
  private record RevisionKey(RepoId repo, Revision revision, Optional<CommitRole> role) {
    RevisionKey(RepoId repo, Revision revision) {
      this(repo, revision, Optional.empty());
    }
  }

  /**
   * What is known of a grant.
   *
   * @param at when it was last confirmed; empty: there is none
   * @param stored the moment that the store has, which may be somewhat earlier
   */
  private record Confirmation(Optional<Instant> at, Optional<Instant> stored) {
    static Confirmation stored(Optional<Instant> at) {
      return new Confirmation(at, at);
    }
  }

  /**
   * Caches what this store holds; nobody else may write to it from now on.
   *
   * @param sizes how large the caches may be
   * @param clock tells observations from the future
   */
  public CachedRepoStore(RepoStore store, CacheSizes sizes, Clock clock) {
    this.store = store;
    this.clock = clock;
    this.grants =
        new FactCache<>(sizes.grants(), (grant, at) -> FINGERPRINT + weight(grant.repo()));
    this.aliases =
        new FactCache<>(
            sizes.aliases(), (repo, to) -> weight(repo) + to.map(o -> weight(o.value())).orElse(0));
    this.revisions =
        new FactCache<>(
            sizes.revisions(),
            (key, commit) -> weight(key.repo) + 2 * key.revision.value().length());
  }

  private boolean keepsKnown(Observation<?> known, Observation<?> offered) {
    return keepsKnown(known.learnedAt(), offered.learnedAt());
  }

  private boolean keepsKnown(Instant known, Instant offered) {
    return ObservationOrder.keepsKnown(known, offered, clock.instant());
  }

  private static int weight(RepoId repo) {
    return OVERHEAD + 2 * repo.id().length();
  }

  private Confirmation confirmation(Grant grant) {
    return grants.get(grant, key -> Confirmation.stored(store.confirmedAt(key)));
  }

  @Override
  public Optional<Instant> confirmedAt(Grant grant) {
    return confirmation(grant).at();
  }

  @Override
  public void remember(Grant grant, Instant confirmedAt) {
    grants.exclusively(
        grant,
        () -> {
          Confirmation known = confirmation(grant);
          if (known.at().filter(at -> keepsKnown(at, confirmedAt)).isPresent()) {
            return;
          }
          boolean recent =
              known
                  .stored()
                  .filter(
                      at -> !confirmedAt.isBefore(at) && confirmedAt.isBefore(at.plus(GRANT_STEP)))
                  .isPresent();
          if (recent) {
            grants.note(grant, new Confirmation(Optional.of(confirmedAt), known.stored()));
          } else {
            grants.put(
                grant,
                Confirmation.stored(Optional.of(confirmedAt)),
                () -> store.remember(grant, confirmedAt));
          }
        });
  }

  @Override
  public void forget(Grant grant) {
    grants.put(grant, Confirmation.stored(Optional.empty()), () -> store.forget(grant));
  }

  @Override
  public void forgetAll(Authority.TokenHolder holder) {
    store.forgetAll(holder);
    grants.dropIf(grant -> grant.authority().equals(holder));
  }

  @Override
  public Optional<String> internalId(RepoId repo) {
    return store.internalId(repo);
  }

  @Override
  public void putInternalId(RepoId repo, Observation<String> id) {
    store.putInternalId(repo, id);
  }

  @Override
  public void markImported(RepoId repo, Instant at) throws IOException {
    store.markImported(repo, at);
  }

  @Override
  public Map<RepoId, Observation<Tombstone>> tombstones() {
    return store.tombstones();
  }

  @Override
  public void putTombstone(RepoId repo, Observation<Tombstone> tombstone) {
    store.putTombstone(repo, tombstone);
  }

  @Override
  public void forgetTombstone(RepoId repo) {
    store.forgetTombstone(repo);
  }

  @Override
  public void copyRepo(RepoId from, RepoId to) throws IOException {
    try {
      store.copyRepo(from, to);
    } finally {
      revisions.dropIf(key -> key.repo().equals(to));
    }
  }

  @Override
  public void forgetRepo(RepoId repo) {
    store.forgetRepo(repo);
    revisions.dropIf(key -> key.repo().equals(repo));
    grants.dropIf(grant -> grant.repo().equals(repo));
  }

  @Override
  public void removeRepo(RepoId repo) throws IOException {
    try {
      store.removeRepo(repo);
    } finally {
      revisions.dropIf(key -> key.repo().equals(repo));
      grants.dropIf(grant -> grant.repo().equals(repo));
      aliases.dropIf(_ -> true);
    }
  }

  @Override
  public void removeCommits(
      RepoId repo, Collection<Revision> removed, Collection<CommitHash> commits)
      throws IOException {
    try {
      store.removeCommits(repo, removed, commits);
    } finally {
      revisions.dropIf(key -> key.repo().equals(repo));
    }
  }

  @Override
  public void revokeAll(RepoId repo) throws IOException {
    try {
      store.revokeAll(repo);
    } finally {
      grants.dropIf(grant -> grant.repo().equals(repo));
    }
  }

  @Override
  public Optional<Observation<CommitHash>> revision(Authorised<RepoId> repo, Revision revision) {
    return revisions.get(
        new RevisionKey(repo.subject(), revision), key -> store.revision(repo, revision));
  }

  @Override
  public void putRevision(RepoId repo, Revision revision, Observation<CommitHash> observation) {
    put(
        revisions,
        new RevisionKey(repo, revision),
        observation,
        () -> store.putRevision(repo, revision, observation));
  }

  @Override
  public void forgetRevision(RepoId repo, Revision revision) {
    revisions.put(
        new RevisionKey(repo, revision),
        Optional.empty(),
        () -> store.forgetRevision(repo, revision));
    for (CommitRole role : CommitRole.values()) {
      revisions.put(new RevisionKey(repo, revision, Optional.of(role)), Optional.empty(), () -> {});
    }
  }

  @Override
  public Optional<Observation<CommitHash>> revision(
      Authorised<RepoId> repo, Revision revision, CommitRole role) {
    return revisions.get(
        new RevisionKey(repo.subject(), revision, Optional.of(role)),
        key -> store.revision(repo, revision, role));
  }

  @Override
  public void putRevision(
      RepoId repo, Revision revision, CommitRole role, Observation<CommitHash> observation) {
    put(
        revisions,
        new RevisionKey(repo, revision, Optional.of(role)),
        observation,
        () -> store.putRevision(repo, revision, role, observation));
  }

  @Override
  public void forgetRevision(RepoId repo, Revision revision, CommitRole role) {
    revisions.put(
        new RevisionKey(repo, revision, Optional.of(role)),
        Optional.empty(),
        () -> store.forgetRevision(repo, revision, role));
  }

  private <K, T> void put(
      FactCache<K, Optional<Observation<T>>> cache,
      K key,
      Observation<T> observation,
      Runnable write) {
    cache.exclusively(
        key,
        () -> {
          Optional<Observation<T>> known = cache.known(key);
          if (known == null) {
            // What was never read may be younger in the store, which decides by itself.
            cache.writeUnknown(key, write);
          } else if (known.filter(k -> keepsKnown(k, observation)).isEmpty()) {
            cache.put(key, Optional.of(observation), write);
          }
        });
  }

  @Override
  public List<ObservedRevision> revisions(Authorised<RepoId> repo) {
    return store.revisions(repo);
  }

  @Override
  public Optional<Manifest> manifest(Authorised<RepoId> repo, CommitHash commit) {
    return store.manifest(repo, commit);
  }

  @Override
  public ManifestWriter newManifest(
      RepoId repo, CommitHash commit, MemoryBudget.Reservation memory) {
    return store.newManifest(repo, commit, memory);
  }

  @Override
  public Optional<StoredAnswer> answer(Authorised<RepoId> repo, CommitHash commit, String name) {
    return store.answer(repo, commit, name);
  }

  @Override
  public int answers(RepoId repo, CommitHash commit) {
    return store.answers(repo, commit);
  }

  @Override
  public AnswerWriter newAnswer(
      RepoId repo, CommitHash commit, String name, MemoryBudget.Reservation memory) {
    return store.newAnswer(repo, commit, name, memory);
  }

  @Override
  public void putAnswer(RepoId repo, CommitHash commit, String name, Observation<byte[]> answer) {
    store.putAnswer(repo, commit, name, answer);
  }

  @Override
  public Optional<Observation<RepoId>> alias(RepoId asked) {
    return aliases.get(asked, store::alias);
  }

  @Override
  public void putAlias(RepoId asked, Observation<RepoId> canonical) {
    put(aliases, asked, canonical, () -> store.putAlias(asked, canonical));
  }
}
