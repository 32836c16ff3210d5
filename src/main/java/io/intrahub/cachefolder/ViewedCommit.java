package io.intrahub.cachefolder;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.store.Manifest;
import io.intrahub.store.ManifestEntry;
import io.intrahub.store.fs.ReadOnlyStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** Brings one commit into a view, if the store has all files of it. For one thread. */
final class ViewedCommit {
  private final ReadOnlyStore store;
  private final ViewFolder folder;
  private final RepoId repo;
  private final CommitHash commit;

  ViewedCommit(ReadOnlyStore store, ViewFolder folder, RepoId repo, CommitHash commit) {
    this.store = store;
    this.folder = folder;
    this.repo = repo;
    this.commit = commit;
  }

  /** The store lacks a file of the commit. */
  private static final class IncompleteException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /**
   * Shows the commit.
   *
   * @return whether it is shown now; not if a file of it is not stored, or the store does not have
   *     the Hub's whole list of them
   * @throws IOException if the list can't be read or the folder can't be written
   */
  boolean show() throws IOException {
    if (Files.isDirectory(folder.layout().snapshot(repo, commit), LinkOption.NOFOLLOW_LINKS)) {
      return true;
    }
    Optional<Manifest> manifest = store.manifest(repo, commit).filter(Manifest::complete);
    if (manifest.isEmpty()) {
      return false;
    }
    Path staged = folder.layout().stagedSnapshot(repo, commit);
    try {
      // Nothing is written for a commit that lacks a file.
      each(manifest.get(), this::requireStored);
      folder.begin(repo, commit);
      each(manifest.get(), entry -> stage(entry, staged));
    } catch (IncompleteException | InvalidPathException e) {
      // The locale of the process may lack a letter of a name.
      folder.abandon(repo, commit);
      return false;
    }
    return folder.publish(repo, commit);
  }

  /** Takes each file of a list. */
  private interface Visitor {
    void file(ManifestEntry entry) throws IOException;
  }

  private static void each(Manifest manifest, Visitor visitor) throws IOException {
    try {
      manifest.list(
          Optional.empty(),
          true,
          entry -> {
            try {
              visitor.file(entry);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private void requireStored(ManifestEntry entry) throws IOException {
    Optional<BlobId> blob = entry.entry().blob();
    boolean stored =
        blob.isEmpty() || blob.get().size() == 0 || store.file(repo, blob.get()).isPresent();
    if (!stored || !entry.entry().path().isServable()) {
      throw new IncompleteException();
    }
  }

  private void stage(ManifestEntry entry, Path staged) throws IOException {
    Optional<BlobId> blob = entry.entry().blob();
    if (blob.isEmpty()) {
      return;
    }
    if (blob.get().size() == 0) {
      folder.putEmpty(repo, blob.get().digest());
    } else {
      Path source = store.file(repo, blob.get()).orElseThrow(IncompleteException::new);
      try {
        folder.putLink(repo, blob.get().digest(), source);
      } catch (NoSuchFileException e) {
        // It was evicted meanwhile.
        throw new IncompleteException();
      }
    }
    folder.stage(staged.resolve(entry.entry().path().value()), entry.entry().path(), blob.get());
  }
}
