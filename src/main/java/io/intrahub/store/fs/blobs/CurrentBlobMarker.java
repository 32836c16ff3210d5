package io.intrahub.store.fs.blobs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Freshness;
import io.intrahub.store.CommitRole;
import io.intrahub.store.Manifest;
import io.intrahub.store.RepoCatalog;
import io.intrahub.store.RepoStore.ObservedRevision;
import io.intrahub.store.fs.disk.BlobKey;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.metadata.CommitKey;
import io.intrahub.store.fs.metadata.MetadataIndex;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Marks which blobs and commits are current, in the indexes that eviction reads. A commit is
 * current if any revision of its repo other than a commit hash (a branch, a tag, {@code refs/pr/N},
 * the default branch) was last seen at it. A blob is current if the manifest of a current commit
 * names it. All others are superseded. A commit that was requested by its hash makes none of its
 * blobs current; otherwise nothing would ever be superseded.
 *
 * <p>While a revision moves to a commit that upstream named within the last hour, the blobs of the
 * commit that clients see are needed: what is fetched for the new commit must not evict them.
 *
 * <p>It reads revisions and manifests through {@link RepoCatalog}, so it works with any metadata
 * store. The marks go to {@link BlobIndex} and {@link MetadataIndex}, which belong to the store in
 * a folder; a metadata store elsewhere leaves the latter empty. If a revision moves during the
 * walk, its old or its new commit counts, so at worst a blob is evicted too early. For one thread
 * at a time.
 */
public final class CurrentBlobMarker {
  private static final Logger log = LoggerFactory.getLogger(CurrentBlobMarker.class);

  /** A full store asks at every new blob, and revisions change far less often. */
  private static final Duration VALID = Duration.ofMinutes(1);

  /** For so long after upstream last named the new commit, the old one is needed. */
  private static final Duration MOVING = Duration.ofHours(1);

  private final RepoCatalog catalog;
  private final BlobIndex index;
  private final MetadataIndex metadata;
  private final BooleanSupplier stopped;

  /** When the marks were made; null: never. */
  private @Nullable Instant markedAt;

  /** Folders of repos whose revisions or manifests could not all be read. */
  private Set<String> unreadableRefs = Set.of();

  /**
   * A marker for one store that has marked nothing yet.
   *
   * @param catalog the revisions and manifests of all repos
   * @param index receives the marks of blobs
   * @param metadata receives the marks of commits
   * @param stopped whether the store is being closed; then the walk ends early
   */
  public CurrentBlobMarker(
      RepoCatalog catalog, BlobIndex index, MetadataIndex metadata, BooleanSupplier stopped) {
    this.catalog = catalog;
    this.index = index;
    this.metadata = metadata;
    this.stopped = stopped;
  }

  /**
   * Marks all current blobs and commits, unless that was done less than a minute ago.
   *
   * @return which unmarked blobs count as current too, because a revision or manifest that may name
   *     them could not be read
   */
  public Predicate<BlobKey> mark(Instant now) {
    Instant last = markedAt;
    if (last == null || Duration.between(last, now).abs().compareTo(VALID) >= 0) {
      index.beginRound();
      metadata.beginRound();
      unreadableRefs = markAll(now);
      markedAt = now;
    }
    Set<String> unreadable = unreadableRefs;
    return key -> key.shared() ? !unreadable.isEmpty() : unreadable.contains(key.repoFolder());
  }

  /** Whether all metadata of this repo counts as current, because some of it can't be read. */
  public boolean isUnread(String repoFolder) {
    return unreadableRefs.contains(repoFolder);
  }

  private Set<String> markAll(Instant now) {
    Set<String> failed = new HashSet<>();
    try {
      catalog.forEachRepo(repo -> {
        if (stopped.getAsBoolean() || !markRepo(repo, now)) {
          failed.add(repo.folderName());
        }
      });
    } catch (IOException e) {
      log.warn("The repos can't be listed; all blobs count as current: {}", e.toString());
      index.forEach((key, size, lastUse, marked) -> index.mark(key));
      metadata.forEach((key, manifest, answers, lastUse, marked) -> metadata.mark(key));
    }
    return Set.copyOf(failed);
  }

  /** Marks the commits of one repo that are current now; all of them if its refs can't be read. */
  public void markCommits(String repoFolder) {
    try {
      Optional<RepoId> repo = StoreLayout.repoOf(repoFolder);
      if (repo.isPresent()) {
        commits(catalog.revisions(repo.get()))
            .forEach(c -> metadata.mark(CommitKey.of(repoFolder, c)));
      }
    } catch (IOException e) {
      log.warn(
          "{}: the refs or manifests can't be read, so all its blobs count as current: {}",
          repoFolder,
          e.toString());
      metadata.forEach((key, manifest, answers, lastUse, marked) -> {
        if (key.repoFolder().equals(repoFolder)) {
          metadata.mark(key);
        }
      });
    }
  }

  /** The commits that clients see of revisions that move. */
  private static Set<CommitHash> needed(List<ObservedRevision> revisions, Instant now) {
    Set<Revision> moving = new HashSet<>();
    for (ObservedRevision observed : revisions) {
      if (observed.role().filter(CommitRole.NEWEST::equals).isPresent()
          && Freshness.isWithin(observed.commit().learnedAt(), MOVING, now)) {
        moving.add(observed.revision());
      }
    }
    Set<CommitHash> needed = new HashSet<>();
    for (ObservedRevision observed : revisions) {
      if (observed.role().isEmpty() && moving.contains(observed.revision())) {
        needed.add(observed.commit().value());
      }
    }
    return needed;
  }

  private static Set<CommitHash> commits(List<ObservedRevision> revisions) {
    Set<CommitHash> commits = new HashSet<>();
    for (ObservedRevision observed : revisions) {
      if (observed.revision().asCommit().isEmpty()) {
        commits.add(observed.commit().value());
      }
    }
    return commits;
  }

  private boolean markRepo(RepoId repo, Instant now) {
    String folderName = repo.folderName();
    try {
      List<ObservedRevision> revisions = catalog.revisions(repo);
      Set<CommitHash> needed = needed(revisions, now);
      for (CommitHash commit : commits(revisions)) {
        metadata.mark(CommitKey.of(folderName, commit));
        Optional<Manifest> manifest = catalog.manifest(repo, commit);
        if (manifest.isPresent()) {
          manifest
              .get()
              .list(
                  Optional.empty(),
                  true,
                  e ->
                      e.entry()
                          .blob()
                          .ifPresent(b -> markOne(folderName, b, needed.contains(commit))));
        }
      }
      return true;
    } catch (IOException e) {
      log.warn(
          "{}: the refs or manifests can't be read, so all its blobs count as current: {}",
          folderName,
          e.toString());
      return false;
    }
  }

  private void markOne(String folderName, BlobId blob, boolean needed) {
    markOne(BlobKey.of(folderName, blob.digest()), needed);
    if (blob.digest() instanceof Digest.Sha256) {
      markOne(BlobKey.of("", blob.digest()), needed);
    }
  }

  private void markOne(BlobKey key, boolean needed) {
    if (needed) {
      index.markNeeded(key);
    } else {
      index.mark(key);
    }
  }
}
