package io.intrahub.store.fs;

import io.intrahub.hub.RepoId;
import io.intrahub.policy.EvictionOrder;
import io.intrahub.store.fs.blobs.CurrentBlobMarker;
import io.intrahub.store.fs.disk.StoreLayout;
import io.intrahub.store.fs.metadata.CommitKey;
import io.intrahub.store.fs.metadata.FsRepoStore;
import io.intrahub.store.fs.metadata.MetadataIndex;
import io.intrahub.store.fs.space.DiskBudget;
import io.intrahub.store.fs.space.Evictable;
import io.intrahub.store.fs.space.Evictor;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Manifests and stored answers as candidates for eviction. Each commit has two: its manifest, and
 * all its answers together. When metadata exceeds its share of the store, only metadata is evicted.
 * Safe for use by many threads.
 */
final class EvictableCommitMetadata implements Evictable {
  private static final Logger log = LoggerFactory.getLogger(EvictableCommitMetadata.class);

  /**
   * For so many seconds after its last use a commit does not count as superseded, because its
   * metadata is stored before its branch is seen to point at it.
   */
  private static final long PENDING_SECONDS = 120;

  private final MetadataIndex index;
  private final CurrentBlobMarker current;
  private final FsRepoStore repos;
  private final DiskBudget budget;
  private final Evictor evictor;
  private final Executor executor;

  /** Whether a call of {@link #trim} is queued. */
  private final AtomicBoolean trimming = new AtomicBoolean();

  EvictableCommitMetadata(
      MetadataIndex index,
      CurrentBlobMarker current,
      FsRepoStore repos,
      DiskBudget budget,
      Evictor evictor,
      Executor executor) {
    this.index = index;
    this.current = current;
    this.repos = repos;
    this.budget = budget;
    this.evictor = evictor;
    this.executor = executor;
  }

  @Override
  public long bytes() {
    return index.bytes();
  }

  @Override
  public void candidates(Instant now, List<EvictionOrder.Candidate<Item>> to) {
    if (index.evictable() == 0) {
      return;
    }
    current.mark(now);
    // Commits that were stored after the last walk have no mark, and would count as superseded.
    index.freshRepos().forEach(current::markCommits);
    index.forEach((key, manifest, answers, lastUse, marked) -> {
      boolean superseded =
          !marked
              && lastUse <= now.getEpochSecond() - PENDING_SECONDS
              && !current.isUnread(key.repoFolder());
      to.add(
          candidate(
              new Victim(key, false), EvictionOrder.Kind.ANSWERS, answers, lastUse, superseded));
      to.add(
          candidate(
              new Victim(key, true), EvictionOrder.Kind.MANIFEST, manifest, lastUse, superseded));
    });
  }

  private static EvictionOrder.Candidate<Item> candidate(
      Victim victim, EvictionOrder.Kind kind, long size, long lastUse, boolean superseded) {
    return new EvictionOrder.Candidate<>(victim, kind, size, lastUse, superseded, false);
  }

  /** The manifest or the answers of one commit. */
  private final class Victim implements Item {
    private final CommitKey key;

    /** True for the manifest, false for all answers. */
    private final boolean manifest;

    Victim(CommitKey key, boolean manifest) {
      this.key = key;
      this.manifest = manifest;
    }

    @Override
    public long evict() throws IOException {
      Optional<RepoId> repo = StoreLayout.repoOf(key.repoFolder());
      if (repo.isEmpty()) {
        return 0;
      }
      return manifest
          ? repos.evictManifest(repo.get(), key.commit())
          : repos.evictAnswers(repo.get(), key.commit());
    }

    @Override
    public String toString() {
      return (manifest ? "The list of files" : "The answers")
          + " of "
          + StoreLayout.repoOf(key.repoFolder()).map(RepoId::toString).orElse(key.repoFolder())
          + " at "
          + key.commit().hex();
    }
  }

  /** Metadata was written: evicts on another thread if there is too much now. */
  void grown() {
    if (excess() > 0 && trimming.compareAndSet(false, true)) {
      boolean begun = false;
      try {
        executor.execute(this::trim);
        begun = true;
      } catch (RejectedExecutionException e) {
        log.debug("The mirror stops", e);
      } finally {
        if (!begun) {
          trimming.set(false);
        }
      }
    }
  }

  /** Evicts metadata if there is more than its share. Failures are logged, not thrown. */
  void trim() {
    trimming.set(false);
    try {
      long _ = evictor.free(List.of(this), this::excess);
    } catch (IOException e) {
      log.warn("The size of the metadata can't be determined: {}", e.toString());
    }
  }

  /** How much has to go: down to nine tenths of the share, once that is exceeded. */
  private long excess() {
    long share = budget.metadataShare();
    long there = index.evictable();
    return there > share ? there - share / 10 * 9 : 0;
  }
}
