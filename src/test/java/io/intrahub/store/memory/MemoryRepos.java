package io.intrahub.store.memory;

import io.intrahub.access.Authorised;
import io.intrahub.access.Authority;
import io.intrahub.access.Grant;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.policy.ObservationOrder;
import io.intrahub.store.AnswerWriter;
import io.intrahub.store.CommitRole;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.ManifestWriter;
import io.intrahub.store.RepoCatalog;
import io.intrahub.store.RepoStore;
import io.intrahub.store.StoredAnswer;
import io.intrahub.store.Tombstone;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** What is known of repos, in maps. */
public final class MemoryRepos implements RepoStore, RepoCatalog {
  private record RevisionKey(RepoId repo, Revision revision, Optional<CommitRole> role) {
    RevisionKey(RepoId repo, Revision revision) {
      this(repo, revision, Optional.empty());
    }
  }

  private record CommitKey(RepoId repo, CommitHash commit) {}

  private record AnswerKey(RepoId repo, CommitHash commit, String name) {}

  private final Clock clock;
  private final ConcurrentHashMap<RepoId, String> ids = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Grant, Observation<Boolean>> grants = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<RevisionKey, Observation<CommitHash>> revisions =
      new ConcurrentHashMap<>();
  private final ConcurrentHashMap<CommitKey, MemoryManifest> manifests = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<AnswerKey, Observation<byte[]>> answers =
      new ConcurrentHashMap<>();
  private final ConcurrentHashMap<RepoId, Observation<RepoId>> aliases = new ConcurrentHashMap<>();

  private final ConcurrentHashMap<RepoId, Observation<Tombstone>> tombstones =
      new ConcurrentHashMap<>();

  private final BiConsumer<RepoId, RepoId> blobs;

  public MemoryRepos(Clock clock) {
    this(clock, (_, _) -> {});
  }

  /**
   * Empty.
   *
   * @param blobs copies the blobs that a repo has to itself
   */
  MemoryRepos(Clock clock, BiConsumer<RepoId, RepoId> blobs) {
    this.clock = clock;
    this.blobs = blobs;
  }

  /** Keeps the one that the common rule prefers. */
  private <K, T> void put(
      ConcurrentHashMap<K, Observation<T>> map, K key, Observation<T> observation) {
    Instant now = clock.instant();
    map.merge(
        key,
        observation,
        (old, latest) ->
            ObservationOrder.keepsKnown(old.learnedAt(), latest.learnedAt(), now) ? old : latest);
  }

  @Override
  public Optional<String> internalId(RepoId repo) {
    return Optional.ofNullable(ids.get(repo));
  }

  @Override
  public void putInternalId(RepoId repo, Observation<String> id) {
    ids.put(repo, id.value());
  }

  @Override
  public void markImported(RepoId repo, Instant at) {
    ids.put(repo, IMPORTED);
  }

  @Override
  public Map<RepoId, Observation<Tombstone>> tombstones() {
    return Map.copyOf(tombstones);
  }

  @Override
  public void putTombstone(RepoId repo, Observation<Tombstone> tombstone) {
    put(tombstones, repo, tombstone);
  }

  @Override
  public void forgetTombstone(RepoId repo) {
    tombstones.remove(repo);
  }

  @Override
  public void copyRepo(RepoId from, RepoId to) {
    blobs.accept(from, to);
    manifests.forEach((key, manifest) -> {
      if (key.repo().equals(from)) {
        manifests.merge(
            new CommitKey(to, key.commit()), manifest, (old, copy) -> old.complete() ? old : copy);
      }
    });
    answers.forEach((key, answer) -> {
      if (key.repo().equals(from)) {
        put(answers, new AnswerKey(to, key.commit(), key.name()), answer);
      }
    });
    copyRevisions(from, to, Optional::isEmpty);
    copyRevisions(from, to, Optional::isPresent);
  }

  /** Roles are copied only beside the visible commit that was there with them. */
  private void copyRevisions(RepoId from, RepoId to, Predicate<Optional<CommitRole>> which) {
    revisions.forEach((key, commit) -> {
      if (key.repo().equals(from)
          && which.test(key.role())
          && (key.role().isEmpty() || isCopied(from, to, key.revision()))) {
        put(revisions, new RevisionKey(to, key.revision(), key.role()), commit);
      }
    });
  }

  private boolean isCopied(RepoId from, RepoId to, Revision revision) {
    Observation<CommitHash> visible =
        revisions.get(new RevisionKey(from, revision, Optional.empty()));
    return visible != null
        && visible.equals(revisions.get(new RevisionKey(to, revision, Optional.empty())));
  }

  @Override
  public void forgetRepo(RepoId repo) {
    ids.remove(repo);
    grants.keySet().removeIf(grant -> grant.repo().equals(repo));
    revisions.keySet().removeIf(key -> key.repo().equals(repo));
    manifests.keySet().removeIf(key -> key.repo().equals(repo));
    answers.keySet().removeIf(key -> key.repo().equals(repo));
  }

  @Override
  public void removeRepo(RepoId repo) {
    forgetRepo(repo);
    tombstones.remove(repo);
    aliases.remove(repo);
    aliases.values().removeIf(known -> known.value().equals(repo));
  }

  @Override
  public void removeCommits(
      RepoId repo, Collection<Revision> removed, Collection<CommitHash> commits) {
    removed.forEach(revision -> forgetRevision(repo, revision));
    manifests.keySet().removeIf(key -> key.repo().equals(repo) && commits.contains(key.commit()));
    answers.keySet().removeIf(key -> key.repo().equals(repo) && commits.contains(key.commit()));
  }

  @Override
  public void revokeAll(RepoId repo) {
    grants.keySet().removeIf(grant -> grant.repo().equals(repo));
    tombstones.computeIfPresent(
        repo, (_, known) -> new Observation<>(known.value().closed(), known.learnedAt()));
  }

  @Override
  public Optional<Instant> confirmedAt(Grant grant) {
    return Optional.ofNullable(grants.get(grant)).map(Observation::learnedAt);
  }

  @Override
  public void remember(Grant grant, Instant confirmedAt) {
    put(grants, grant, new Observation<>(true, confirmedAt));
  }

  @Override
  public void forget(Grant grant) {
    grants.remove(grant);
  }

  @Override
  public void forgetAll(Authority.TokenHolder holder) {
    grants.keySet().removeIf(grant -> grant.authority().equals(holder));
  }

  @Override
  public Optional<Observation<CommitHash>> revision(Authorised<RepoId> repo, Revision revision) {
    return Optional.ofNullable(revisions.get(new RevisionKey(repo.subject(), revision)));
  }

  @Override
  public void putRevision(RepoId repo, Revision revision, Observation<CommitHash> observation) {
    put(revisions, new RevisionKey(repo, revision), observation);
  }

  @Override
  public void forgetRevision(RepoId repo, Revision revision) {
    revisions.keySet().removeIf(key -> key.repo().equals(repo) && key.revision().equals(revision));
  }

  @Override
  public Optional<Observation<CommitHash>> revision(
      Authorised<RepoId> repo, Revision revision, CommitRole role) {
    return Optional.ofNullable(
        revisions.get(new RevisionKey(repo.subject(), revision, Optional.of(role))));
  }

  @Override
  public void putRevision(
      RepoId repo, Revision revision, CommitRole role, Observation<CommitHash> observation) {
    put(revisions, new RevisionKey(repo, revision, Optional.of(role)), observation);
  }

  @Override
  public void forgetRevision(RepoId repo, Revision revision, CommitRole role) {
    revisions.remove(new RevisionKey(repo, revision, Optional.of(role)));
  }

  @Override
  public void forEachRepo(Consumer<RepoId> visitor) {
    revisions.keySet().stream().map(RevisionKey::repo).distinct().forEach(visitor);
  }

  @Override
  public Optional<Manifest> manifest(RepoId repo, CommitHash commit) {
    return Optional.ofNullable(manifests.get(new CommitKey(repo, commit)));
  }

  @Override
  public List<ObservedRevision> revisions(Authorised<RepoId> repo) {
    return revisions.entrySet().stream()
        .filter(e -> e.getKey().repo().equals(repo.subject()) && e.getKey().role().isEmpty())
        .map(e -> new ObservedRevision(e.getKey().revision(), e.getValue()))
        .toList();
  }

  @Override
  public List<ObservedRevision> revisions(RepoId repo) {
    return revisions.entrySet().stream()
        .filter(e -> e.getKey().repo().equals(repo))
        .map(e -> new ObservedRevision(e.getKey().revision(), e.getValue(), e.getKey().role()))
        .toList();
  }

  @Override
  public Optional<Manifest> manifest(Authorised<RepoId> repo, CommitHash commit) {
    return manifest(repo.subject(), commit);
  }

  @Override
  public ManifestWriter newManifest(
      RepoId repo, CommitHash commit, MemoryBudget.Reservation memory) {
    return new MemoryManifestWriter((entries, complete) -> put(repo, commit, entries, complete));
  }

  private void put(RepoId repo, CommitHash commit, List<ManifestEntry> entries, boolean complete) {
    manifests.compute(
        new CommitKey(repo, commit),
        (key, old) -> {
          if (complete || old == null) {
            return MemoryManifest.of(commit, complete, List.of(), entries);
          }
          return old.complete()
              ? old
              : MemoryManifest.of(commit, false, old.entries().values(), entries);
        });
  }

  @Override
  public Optional<StoredAnswer> answer(Authorised<RepoId> repo, CommitHash commit, String name) {
    return Optional.ofNullable(answers.get(new AnswerKey(repo.subject(), commit, name)))
        .map(MemoryAnswer::new);
  }

  @Override
  public int answers(RepoId repo, CommitHash commit) {
    return (int)
        answers.keySet().stream()
            .filter(key -> key.repo().equals(repo) && key.commit().equals(commit))
            .count();
  }

  @Override
  public AnswerWriter newAnswer(
      RepoId repo, CommitHash commit, String name, MemoryBudget.Reservation memory) {
    AnswerKey key = new AnswerKey(repo, commit, name);
    return new MemoryAnswerWriter(answer -> {
      put(answers, key, answer);
      return new MemoryAnswer(answers.getOrDefault(key, answer));
    });
  }

  @Override
  public void putAnswer(RepoId repo, CommitHash commit, String name, Observation<byte[]> answer) {
    put(answers, new AnswerKey(repo, commit, name), answer);
  }

  @Override
  public Optional<Observation<RepoId>> alias(RepoId asked) {
    return Optional.ofNullable(aliases.get(asked));
  }

  @Override
  public void putAlias(RepoId asked, Observation<RepoId> canonical) {
    put(aliases, asked, canonical);
  }
}
