package io.intrahub.cachefolder;

import io.intrahub.base.MemoryBudget;
import io.intrahub.cachefolder.CachedFiles.CachedRef;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.Observation;
import io.intrahub.store.ImportGuard;
import io.intrahub.store.RepoStore.ObservedRevision;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.ReadOnlyStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Brings what a client's folder has into a store. Each digest is computed anew. What the folder
 * says of a commit becomes a partial manifest, which counts only while the Hub can't be asked, and
 * no grant is made: nobody may read an imported repo before the Hub, or a rule of the operator,
 * lets them. What the Hub said earlier about who may read it ends, because it did not know these
 * files.
 *
 * <p>An import that was killed is continued by the next one: blobs are durable one by one, a commit
 * is known once all its files are, and a revision after its commit.
 *
 * <p>For one thread.
 */
public final class CacheImport {
  /** Told how an import goes on. Called by the thread that imports. */
  public interface Progress {
    /**
     * A blob was added.
     *
     * @param bytes its size
     */
    void added(RepoId repo, FilePath path, long bytes);

    /**
     * The import reads a file. Called at each file and each part of a large one. An unchecked
     * exception ends the import; what is complete stays.
     */
    default void reading() {}
  }

  private final FsStore store;
  private final ImportGuard guard;
  private final MemoryBudget memory;
  private final Clock clock;
  private final boolean link;
  private final Progress progress;

  /**
   * An import.
   *
   * @param guard of the store
   * @param link whether the store gets hard links to the client's files instead of copies
   * @param progress told of each blob that was added, and able to end the import
   */
  public CacheImport(
      FsStore store,
      ImportGuard guard,
      MemoryBudget memory,
      Clock clock,
      boolean link,
      Progress progress) {
    this.store = store;
    this.guard = guard;
    this.memory = memory;
    this.clock = clock;
    this.link = link;
    this.progress = progress;
  }

  /**
   * How files get from a folder to the store, for a person.
   *
   * @param data the folder of the store
   * @throws IOException if a folder can't be read
   */
  public String describe(Path folder, Path data) throws IOException {
    return CopyMethod.describe(folder, data, link, "folder");
  }

  /**
   * Imports one repo.
   *
   * @throws IOException if the store can't be written
   */
  public ImportResult run(CachedFiles folder, RepoId repo) throws IOException {
    ImportResultBuilder result = new ImportResultBuilder(repo);
    for (CommitHash commit : folder.commits(repo, result::skipped)) {
      new CommitImport(store, memory, link, progress, guard, result, repo, commit).run(folder);
    }
    for (CachedRef ref : folder.refs(repo, result::skipped)) {
      if (result.has(ref.commit())) {
        keep(repo, ref, result);
      }
    }
    return result.build();
  }

  /** What the store has observed itself is better than what a folder says. */
  private void keep(RepoId repo, CachedRef ref, ImportResultBuilder result) throws IOException {
    if (isKnown(repo, ref)) {
      return;
    }
    Instant now = clock.instant();
    Instant seen = ref.writtenAt().isAfter(now) ? now : ref.writtenAt();
    guard.change(
        repo,
        Optional.empty(),
        () ->
            store.repos().putRevision(repo, ref.revision(), new Observation<>(ref.commit(), seen)));
    if (!isKnown(repo, ref)) {
      throw new IOException(
          "the revision %s of %s could not be written to the store"
              .formatted(ref.revision(), repo));
    }
    result.revision(ref.revision());
  }

  private boolean isKnown(RepoId repo, CachedRef ref) throws IOException {
    ReadOnlyStore known = store.readOnly();
    List<ObservedRevision> revisions = known.revisions(repo);
    return revisions.stream().anyMatch(seen -> seen.revision().equals(ref.revision()));
  }
}
