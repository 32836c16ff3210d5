package io.intrahub.cachefolder;

import io.intrahub.cachefolder.FolderFiles.UnusableException;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.store.FileDigest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Reads plain files, of which the operator says which repo and commit they are. Their digests are
 * computed. Which of them are LFS files at the Hub, and so have a sha256, {@code .gitattributes}
 * says; without that file, those larger than the 10 MiB that the Hub lets git have.
 */
public final class PlainFolderReader implements CachedFiles {
  private static final long MAX_IN_GIT = 10L << 20;

  /** Any of their kind: only the hash is used. */
  private static final Digest SHA256 = new Digest.Sha256("0".repeat(64));

  private static final Digest SHA1 = new Digest.GitSha1("0".repeat(40));

  private final Path root;
  private final RepoId repo;
  private final Optional<Revision> revision;
  private final CommitHash commit;
  private final FolderFiles folder;
  private final Optional<GitAttributes> attributes;
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
    this.attributes = GitAttributes.read(this.root.resolve(".gitattributes"));
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
    Path content = folder.content(file);
    long size = FolderFiles.look(content, Files::size);
    boolean lfs = attributes.map(a -> a.isLfs(path)).orElse(size > MAX_IN_GIT);
    Digest digest =
        FolderFiles.look(
            content,
            bytes ->
                lfs
                    ? new Digest.Sha256(FileDigest.of(bytes, SHA256, size, reading))
                    : new Digest.GitSha1(FileDigest.of(bytes, SHA1, size, reading)));
    return new CachedFile(path, digest, content, size);
  }

  @Override
  public List<CachedRef> refs(RepoId of, Skips skips) {
    return revision.map(name -> List.of(new CachedRef(name, commit, changedAt))).orElse(List.of());
  }
}
