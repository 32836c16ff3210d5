package io.intrahub.cachefolder;

import io.intrahub.cachefolder.CachedFiles.CachedFile;
import io.intrahub.cachefolder.FolderFiles.UnusableException;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.store.FileDigest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * Computes the digests of plain files of which none is noted by its path. Which of them are LFS
 * files at the Hub, and so have a sha256, follows from the digests that the folder has anyway; else
 * from the {@code .gitattributes} beside the files; without that file, LFS files are those larger
 * than the 10 MiB that the Hub lets git have.
 */
final class ComputedDigests {
  private static final long MAX_IN_GIT = 10L << 20;

  /** Any of their kind: only the hash is used. */
  private static final Digest SHA256 = new Digest.Sha256("0".repeat(64));

  private static final Digest SHA1 = new Digest.GitSha1("0".repeat(40));

  private final Optional<GitAttributes> attributes;

  /**
   * Reads no file but the attributes.
   *
   * @param root the folder of the commit's files
   * @throws IOException if the attributes can't be read
   */
  ComputedDigests(Path root) throws IOException {
    this.attributes = GitAttributes.read(root.resolve(".gitattributes"));
  }

  /**
   * Reads a file, and describes it by the digest that the Hub would name.
   *
   * @param content the file itself, whatever links lead to it
   * @param noted digests of which one must be that of the file; empty: none is known
   * @param reading called at each part of the file, and while it is compared with the attributes
   */
  CachedFile describe(FilePath path, Path content, Set<Digest> noted, Runnable reading)
      throws UnusableException {
    long size = FolderFiles.look(content, Files::size);
    boolean lfs = isLfs(path, size, reading);
    Digest digest = digest(content, size, lfs, reading);
    if (!noted.isEmpty() && !noted.contains(digest)) {
      Digest other = digest(content, size, !lfs, reading);
      if (!noted.contains(other)) {
        throw new UnusableException(
            "it is not a link, and none of the repo's blobs is its content");
      }
      digest = other;
    }
    return new CachedFile(path, digest, content, size);
  }

  private boolean isLfs(FilePath path, long size, Runnable reading) {
    return attributes.map(a -> a.isLfs(path, reading)).orElse(size > MAX_IN_GIT);
  }

  private static Digest digest(Path content, long size, boolean lfs, Runnable reading)
      throws UnusableException {
    return FolderFiles.look(
        content,
        bytes ->
            lfs
                ? new Digest.Sha256(FileDigest.of(bytes, SHA256, size, reading))
                : new Digest.GitSha1(FileDigest.of(bytes, SHA1, size, reading)));
  }
}
