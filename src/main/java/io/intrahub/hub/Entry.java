package io.intrahub.hub;

import java.util.Optional;

/**
 * A file or directory of a commit, as the Hub's tree and paths-info list it (huggingface_hub 2.4.0,
 * {@code RepoFile} and {@code RepoFolder}).
 *
 * @param kind file or directory
 * @param path from the repo's root
 * @param oid git's id of the tree, of the blob, or of the pointer if {@code lfs} is present
 * @param size of the content in bytes; 0 for a directory
 * @param lfs present for a file whose content is stored with LFS
 */
public record Entry(Kind kind, FilePath path, String oid, long size, Optional<Lfs> lfs) {
  /** What an entry is. */
  public enum Kind {
    FILE,
    DIRECTORY
  }

  /**
   * The content of an LFS file.
   *
   * @param sha256 of the content
   * @param size of the content in bytes
   * @param pointerSize of the pointer file in git, in bytes
   */
  public record Lfs(Digest.Sha256 sha256, long size, long pointerSize) {}

  /** Returns the content of a file; empty for a directory. */
  public Optional<BlobId> blob() {
    if (kind == Kind.DIRECTORY) {
      return Optional.empty();
    }
    return Optional.of(
        lfs.map(l -> new BlobId(l.sha256(), l.size()))
            .orElseGet(() -> new BlobId(new Digest.GitSha1(oid), size)));
  }
}
