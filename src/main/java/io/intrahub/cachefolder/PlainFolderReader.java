package io.intrahub.cachefolder;

import io.intrahub.cachefolder.FolderFiles.UnusableException;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads plain files, of which the operator says which repo and commit they are. Their digests are
 * computed.
 */
public final class PlainFolderReader implements CachedFiles {
  private final Path root;
  private final RepoId repo;
  private final Optional<Revision> revision;
  private final CommitHash commit;
  private final FolderFiles folder;
  private final ComputedDigests digests;
  private final Instant changedAt;

  /**
   * Reads a folder.
   *
   * @param revision under which clients find the commit, if they are to
   * @throws IOException if it can't be read
   */
  public PlainFolderReader(Path root, RepoId repo, Optional<Revision> revision, CommitHash commit)
      throws IOException {
    this.folder = new FolderFiles(root);
    this.root = root.toRealPath();
    this.repo = repo;
    this.revision = revision;
    this.commit = commit;
    this.digests = new ComputedDigests(this.root);
    this.changedAt = Files.getLastModifiedTime(this.root).toInstant();
  }

  @Override
  public List<RepoId> repos() {
    return List.of(repo);
  }

  @Override
  public List<CommitHash> commits(RepoId of, Skips skips) {
    return List.of(commit);
  }

  @Override
  public void files(RepoId of, CommitHash at, Receiver to) throws IOException {
    FolderFiles.walk(
        root,
        to,
        file -> {
          Path name = root.relativize(file);
          if (name.startsWith(".git") || name.startsWith(Path.of(".cache", "huggingface"))) {
            // Git's and the client's own notes.
            return;
          }
          try {
            to.file(cached(file, to::reading));
          } catch (UnusableException e) {
            to.skipped(file, String.valueOf(e.getMessage()));
          }
        });
  }

  private CachedFile cached(Path file, Runnable reading) throws UnusableException {
    FilePath path =
        FolderFiles.pathIn(root, file)
            .orElseThrow(() -> new UnusableException("no file of the Hub has such a name"));
    return digests.describe(path, folder.content(file), Set.of(), reading);
  }

  @Override
  public List<CachedRef> refs(RepoId of, Skips skips) {
    return revision.map(name -> List.of(new CachedRef(name, commit, changedAt))).orElse(List.of());
  }
}
