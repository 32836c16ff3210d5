package io.intrahub.cachefolder;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.Digest;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.store.ImportedContent;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a folder of a client claims to have of some repos. Nothing of it is verified, but that each
 * content is a regular file in the folder.
 */
public interface CachedFiles {
  /**
   * A file of a commit.
   *
   * @param digest of the content, as the client noted it
   * @param content where it is; no link
   * @param size of the content in bytes
   * @param assembled the content, if the folder keeps it in another form than one plain file
   */
  record CachedFile(
      FilePath path, Digest digest, Path content, long size, Optional<ImportedContent> assembled) {
    /** A file that is kept as it is. */
    CachedFile(FilePath path, Digest digest, Path content, long size) {
      this(path, digest, content, size, Optional.empty());
    }
  }

  /**
   * A revision.
   *
   * @param commit what it was when the client last asked
   * @param writtenAt when the client noted that
   */
  record CachedRef(Revision revision, CommitHash commit, Instant writtenAt) {}

  /** Takes what can't be used. */
  interface Skips {
    /**
     * Something that can't be used.
     *
     * @param why for the operator
     */
    void skipped(Path path, String why);
  }

  /** Takes what is found. */
  interface Receiver extends Skips {
    /** A file of the commit that was asked for. */
    void file(CachedFile file) throws IOException;

    /**
     * Content is read to find out what it is. Called at each part of a file; ends the reading with
     * an unchecked exception if nobody waits for it any more.
     */
    void reading();
  }

  /**
   * The repos, by type and id.
   *
   * @throws IOException if the folder can't be read
   */
  List<RepoId> repos() throws IOException;

  /**
   * The commits of which the folder has files.
   *
   * @throws IOException if the folder can't be read
   */
  List<CommitHash> commits(RepoId repo, Skips skips) throws IOException;

  /**
   * Passes the files of a commit on, in any order.
   *
   * @throws IOException if the receiver fails
   */
  void files(RepoId repo, CommitHash commit, Receiver to) throws IOException;

  /** The revisions that the client asked for. */
  List<CachedRef> refs(RepoId repo, Skips skips);
}
