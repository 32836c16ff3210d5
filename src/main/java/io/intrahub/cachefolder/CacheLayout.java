package io.intrahub.cachefolder;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import java.nio.file.Path;

/**
 * Where things are in a cache folder of huggingface_hub (0.23 to 2.4): the folder that {@code
 * HF_HUB_CACHE} names. Pure: it touches no disk.
 *
 * <pre>
 * models--acme--tiny/
 *   refs/main                     the commit, 40 hexadecimal digits without a newline
 *   blobs/{etag}                  git blob id or sha256
 *   snapshots/{commit}/a/b.json   -&gt; ../../../blobs/{etag}; the file itself without links
 *   trees/{commit}.json           the files of the commit and their digests (1.33 and later)
 * </pre>
 *
 * @param root the cache folder
 */
record CacheLayout(Path root) {
  private static final String BLOBS = "blobs";
  private static final String TREES = "trees";

  /** The folder of a repo. */
  Path repo(RepoId repo) {
    return root.resolve(repo.folderName());
  }

  /** The folder of a repo's blobs. */
  Path blobs(RepoId repo) {
    return repo(repo).resolve(BLOBS);
  }

  /** The folder of the blobs that huggingface_hub 2.x shares between repos. */
  Path sharedBlobs() {
    return root.resolve(BLOBS);
  }

  /** The content with this digest. */
  Path blob(RepoId repo, Digest digest) {
    return blobs(repo).resolve(digest.hex());
  }

  /** What becomes {@link #blob}; clients ignore and remove files with this ending. */
  Path incompleteBlob(RepoId repo, Digest digest) {
    return blobs(repo).resolve(digest.hex() + ".intrahub.incomplete");
  }

  /** The folder with a folder for each commit. */
  Path snapshots(RepoId repo) {
    return repo(repo).resolve("snapshots");
  }

  /** The files of a commit. */
  Path snapshot(RepoId repo, CommitHash commit) {
    return snapshots(repo).resolve(commit.hex());
  }

  /** The client's list of a commit's files, if it has one. */
  Path tree(RepoId repo, CommitHash commit) {
    return repo(repo).resolve(TREES).resolve(commit.hex() + ".json");
  }

  /**
   * What an export knows of a commit's files and their digests if the snapshot lacks some of them,
   * or all of them are not known, and has no links. Clients ignore it: a {@link #tree} would let
   * them believe that the commit has no other files, or refuse the snapshot.
   */
  Path knownFiles(RepoId repo, CommitHash commit) {
    return repo(repo).resolve(TREES).resolve(commit.hex() + ".intrahub.json");
  }

  /** What becomes a list of a commit's files. */
  Path stagedTree(RepoId repo) {
    return staging(repo).resolve("tree");
  }

  /** The folder with a file for each revision. */
  Path refs(RepoId repo) {
    return repo(repo).resolve("refs");
  }

  /** The commit of a revision, whose slashes lead to folders. */
  Path ref(RepoId repo, Revision revision) {
    return refs(repo).resolve(revision.value());
  }

  /** The folder in which an export prepares what appears in one step. Clients ignore it. */
  Path staging(RepoId repo) {
    return repo(repo).resolve(".intrahub-export");
  }

  /** What becomes the files of a commit. */
  Path stagedSnapshot(RepoId repo, CommitHash commit) {
    return staging(repo).resolve(commit.hex());
  }

  /** What becomes a ref. */
  Path stagedRef(RepoId repo) {
    return staging(repo).resolve("ref");
  }

  /** What becomes a file of a snapshot that has no links. */
  Path stagedFile(RepoId repo) {
    return staging(repo).resolve("file");
  }

  /** Locked by the process that exports to the folder. */
  Path exportLock() {
    return root.resolve(".locks").resolve("intrahub-export.lock");
  }

  /** The link in a snapshot that leads to a blob. */
  static Path link(FilePath path, Digest digest) {
    long folders = path.value().chars().filter(c -> c == '/').count();
    return Path.of("../".repeat(Math.toIntExact(folders) + 2) + BLOBS + "/" + digest.hex());
  }
}
