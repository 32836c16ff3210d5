package io.intrahub.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.intrahub.access.Authorised;
import io.intrahub.base.CacheSizes;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.policy.ObservationOrder;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Keeps the small facts of a {@link RepoStore} in memory, because every request asks for them: the
 * verdict on its repo, its alias, its revision. Absences are kept too. One process owns the store,
 * so nobody else changes it; writes go to memory and through to the store.
 *
 * <p>Safe for use by many threads. Each fact is read and written inside its cache's lock for that
 * key, so that a slow read can't bring back what was just overwritten. Lock order: a cache's lock,
 * then the store's own.
 */
public final class CachedRepoStore implements RepoStore {
  /** What a fact takes besides its names of any length, in bytes. */
  private static final int OVERHEAD = 500;

  /** A verdict is written again only when it is younger by this: each write costs two fsyncs. */
  private static final Duration VERDICT_STEP = Duration.ofSeconds(30);

  /** And noted again in memory when it is younger by this. */
  private static final Duration MEMORY_STEP = Duration.ofSeconds(1);

  private final RepoStore store;
  private final Clock clock;
  private final Cache<RepoId, Optional<Instant>> verdicts;
  private final Cache<RepoId, Optional<Observation<RepoId>>> aliases;
  private final Cache<RevisionKey, Optional<Observation<CommitHash>>> revisions;

  private record RevisionKey(RepoId repo, Revision revision) {}

  /**
   * Caches what this store holds; nobody else may write to it from now on.
   *
   * @param sizes how large the caches may be
   * @param clock tells observations from the future
   */
  public CachedRepoStore(RepoStore store, CacheSizes sizes, Clock clock) {
    this.store = store;
    this.clock = clock;
    this.verdicts =
        Caffeine.newBuilder()
            .maximumWeight(sizes.verdicts())
            .weigher((RepoId repo, Optional<Instant> seen) -> weight(repo))
            .build();
    this.aliases =
        Caffeine.newBuilder()
            .maximumWeight(sizes.aliases())
            .weigher((RepoId repo, Optional<Observation<RepoId>> to) ->
                weight(repo) + to.map(o -> weight(o.value())).orElse(0))
            .build();
    this.revisions =
        Caffeine.newBuilder()
            .maximumWeight(sizes.revisions())
            .weigher((RevisionKey key, Optional<Observation<CommitHash>> commit) ->
                weight(key.repo) + 2 * key.revision.value().length())
            .build();
  }

  private boolean keepsKnown(Observation<?> known, Observation<?> offered) {
    return ObservationOrder.keepsKnown(known.learnedAt(), offered.learnedAt(), clock.instant());
  }

  private static int weight(RepoId repo) {
    return OVERHEAD + 2 * repo.id().length();
  }

  @Override
  public Optional<Instant> publicSince(RepoId repo) {
    return verdicts.asMap().computeIfAbsent(repo, store::publicSince);
  }

  @Override
  public void rememberPublic(RepoId repo, Instant seenAt) {
    // Each file of a load brings a verdict. While the first is written to the disk, the others
    // would
    // wait for that.
    Optional<Instant> recent = verdicts.getIfPresent(repo);
    if (recent != null
        && recent
            .filter(l -> !seenAt.isBefore(l) && seenAt.isBefore(l.plus(MEMORY_STEP)))
            .isPresent()) {
      return;
    }
    verdicts
        .asMap()
        .compute(
            repo,
            (key, known) -> {
              Optional<Instant> before = known == null ? store.publicSince(repo) : known;
              boolean news = before.isEmpty() || !seenAt.isBefore(before.get().plus(VERDICT_STEP));
              if (before.isPresent()
                  && ObservationOrder.keepsKnown(before.get(), seenAt, clock.instant())) {
                return before;
              }
              if (news || seenAt.isBefore(before.get())) {
                store.rememberPublic(repo, seenAt);
              }
              return Optional.of(seenAt);
            });
  }

  @Override
  public void forgetPublic(RepoId repo) {
    verdicts
        .asMap()
        .compute(
            repo,
            (key, known) -> {
              store.forgetPublic(repo);
              return Optional.empty();
            });
  }

  @Override
  public Optional<Observation<CommitHash>> revision(Authorised<RepoId> repo, Revision revision) {
    return revisions
        .asMap()
        .computeIfAbsent(
            new RevisionKey(repo.subject(), revision), key -> store.revision(repo, revision));
  }

  @Override
  public void putRevision(RepoId repo, Revision revision, Observation<CommitHash> observation) {
    revisions
        .asMap()
        .compute(
            new RevisionKey(repo, revision),
            (key, known) -> {
              boolean younger =
                  known != null && known.filter(k -> keepsKnown(k, observation)).isPresent();
              if (younger) {
                return known;
              }
              store.putRevision(repo, revision, observation);
              // What was never read may be younger in the store, which decides by itself.
              return known == null ? null : Optional.of(observation);
            });
  }

  @Override
  public void forgetRevision(RepoId repo, Revision revision) {
    revisions
        .asMap()
        .compute(
            new RevisionKey(repo, revision),
            (key, known) -> {
              store.forgetRevision(repo, revision);
              return Optional.empty();
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
    return aliases.asMap().computeIfAbsent(asked, store::alias);
  }

  @Override
  public void putAlias(RepoId asked, Observation<RepoId> canonical) {
    aliases
        .asMap()
        .compute(
            asked,
            (key, known) -> {
              if (known != null && known.filter(k -> keepsKnown(k, canonical)).isPresent()) {
                return known;
              }
              store.putAlias(asked, canonical);
              // As for a revision.
              return known == null ? null : Optional.of(canonical);
            });
  }
}
