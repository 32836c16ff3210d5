package io.intrahub.cachefolder;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.RepoStore;
import io.intrahub.store.fs.FsStore;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/**
 * What the store knows of a commit of which files are imported. Its list may be evicted meanwhile,
 * or be replaced by the Hub's. For one thread.
 */
final class KnownCommit {
  private final FsStore store;
  private final RepoId repo;
  private final CommitHash commit;
  private final Optional<String> id;
  private Optional<Manifest> manifest;

  /**
   * Reads what is known.
   *
   * @throws IOException if the store can't be read
   */
  KnownCommit(FsStore store, RepoId repo, CommitHash commit) throws IOException {
    this.store = store;
    this.repo = repo;
    this.commit = commit;
    // Before the list: a list of an earlier repo is removed before the id of a later one is known.
    this.id = store.repos().internalId(repo).filter(RepoStore::isOfHub);
    this.manifest = read();
  }

  private Optional<Manifest> read() throws IOException {
    while (true) {
      try {
        return store.readOnly().manifest(repo, commit);
      } catch (NoSuchFileException e) {
        // Evicted between two looks; the next one finds none, or a new one.
      }
    }
  }

  /** The entry that the list names under a path. */
  Optional<ManifestEntry> find(FilePath path) throws IOException {
    while (manifest.isPresent()) {
      try {
        return manifest.get().find(path);
      } catch (NoSuchFileException e) {
        manifest = read();
      }
    }
    return Optional.empty();
  }

  private boolean names(FilePath path, BlobId blob) throws IOException {
    return find(path).flatMap(entry -> entry.entry().blob()).equals(Optional.of(blob));
  }

  private boolean isFromHub() {
    return manifest.filter(Manifest::complete).isPresent();
  }

  /** Whether the Hub's list of the commit does not have this content under this path. */
  boolean isDenied(FilePath path, BlobId blob) throws IOException {
    // The look comes first, because it notices another list.
    return !names(path, blob) && isFromHub();
  }

  /** Whether the store knows of the file, and has its content. */
  boolean isStored(FilePath path, BlobId blob) throws IOException {
    return names(path, blob) && (blob.size() == 0 || store.readOnly().file(repo, blob).isPresent());
  }

  /**
   * The internal id of the repo of which the Hub itself has listed this content under this path;
   * empty if only the folder says that it is the repo's.
   */
  Optional<String> provenId(FilePath path, BlobId blob) throws IOException {
    return names(path, blob) && isFromHub() ? id : Optional.empty();
  }
}
