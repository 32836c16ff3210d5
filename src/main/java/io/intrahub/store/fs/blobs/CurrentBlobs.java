package io.intrahub.store.fs.blobs;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.RepoId;
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
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells which blobs are current: those that a commit names which a branch, a tag or the default
 * branch of some repo was last seen at. All others are superseded. A commit that somebody asked for
 * by its hash makes none of its blobs current, or nothing would ever be superseded.
 *
 * <p>It asks the catalog of the metadata store, whichever that is. A revision that moves during the
 * walk is seen as before or after, so at worst a blob goes somewhat early. For one thread at a
 * time.
 */
public final class CurrentBlobs {
  private static final Logger log = LoggerFactory.getLogger(CurrentBlobs.class);

  /** While a store is full, every new blob asks; nothing changes as fast as that. */
  private static final Duration VALID = Duration.ofMinutes(1);

  private final RepoCatalog catalog;
  private final BlobIndex index;
  private final MetadataIndex metadata;
  private final BooleanSupplier stopped;

  /** When the marks were made; null: never. */
  private @Nullable Instant markedAt;

  /** Folders of repos of which something could not be read. */
  private Set<String> unreadableRefs = Set.of();

  /**
   * A judge of the blobs of one store.
   *
   * @param catalog says what names the blobs
   * @param index gets the marks of blobs
   * @param metadata gets the marks of commits
   * @param stopped whether the store is being closed, so that it is not worth going on
   */
  public CurrentBlobs(
      RepoCatalog catalog, BlobIndex index, MetadataIndex metadata, BooleanSupplier stopped) {
    this.catalog = catalog;
    this.index = index;
    this.metadata = metadata;
    this.stopped = stopped;
  }

  /**
   * Marks what is current in the index, unless that was done a moment ago.
   *
   * @return which blobs must be taken for current though they are not marked, since what may name
   *     them could not be read
   */
  public Predicate<BlobKey> mark(Instant now) {
    Instant last = markedAt;
    if (last == null || Duration.between(last, now).abs().compareTo(VALID) >= 0) {
      index.beginRound();
      metadata.beginRound();
      unreadableRefs = markAll();
      markedAt = now;
    }
    Set<String> unreadable = unreadableRefs;
    return key -> key.shared() ? !unreadable.isEmpty() : unreadable.contains(key.repoFolder());
  }

  /** Whether all metadata of this repo must be taken for current, as some can't be read. */
  public boolean isUnread(String repoFolder) {
    return unreadableRefs.contains(repoFolder);
  }

  private Set<String> markAll() {
    Set<String> failed = new HashSet<>();
    try {
      catalog.forEachRepo(repo -> {
        if (stopped.getAsBoolean() || !markRepo(repo)) {
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

  /** Marks the commits of one repo that are current by now, or all of them if it can't be read. */
  public void markCommits(String repoFolder) {
    try {
      Optional<RepoId> repo = StoreLayout.repoOf(repoFolder);
      if (repo.isPresent()) {
        commits(repo.get()).forEach(c -> metadata.mark(CommitKey.of(repoFolder, c)));
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

  private Set<CommitHash> commits(RepoId repo) throws IOException {
    Set<CommitHash> commits = new HashSet<>();
    for (ObservedRevision observed : catalog.revisions(repo)) {
      if (observed.revision().asCommit().isEmpty()) {
        commits.add(observed.commit().value());
      }
    }
    return commits;
  }

  private boolean markRepo(RepoId repo) {
    String folderName = repo.folderName();
    try {
      for (CommitHash commit : commits(repo)) {
        metadata.mark(CommitKey.of(folderName, commit));
        Optional<Manifest> manifest = catalog.manifest(repo, commit);
        if (manifest.isPresent()) {
          manifest
              .get()
              .list(
                  Optional.empty(),
                  true,
                  e -> e.entry().blob().ifPresent(blob -> markOne(folderName, blob)));
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

  private void markOne(String folderName, BlobId blob) {
    String owner = blob.digest() instanceof Digest.Sha256 ? "" : folderName;
    index.mark(BlobKey.of(owner, blob.digest()));
  }
}
