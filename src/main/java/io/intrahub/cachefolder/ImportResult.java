package io.intrahub.cachefolder;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import java.nio.file.Path;
import java.util.List;

/**
 * What became of one repo of a client's folder.
 *
 * @param commits the commits of which the store now knows files
 * @param revisions those that the store now knows and did not know before
 * @param files number of files of these commits that the store has now
 * @param added number of blobs that it did not have before
 * @param addedBytes their sizes, in bytes
 * @param skipped the first of the files that could not be used; see {@link #MAX_NAMED}
 * @param skippedCount the number of all of them
 */
public record ImportResult(
    RepoId repo,
    List<CommitHash> commits,
    List<Revision> revisions,
    long files,
    long added,
    long addedBytes,
    List<SkippedFile> skipped,
    long skippedCount) {
  /** How many skipped files are named. */
  public static final int MAX_NAMED = 1_000;

  /** Takes copies of the lists. */
  public ImportResult {
    commits = List.copyOf(commits);
    revisions = List.copyOf(revisions);
    skipped = List.copyOf(skipped);
  }

  /**
   * A file that was not imported.
   *
   * @param path where it is in the client's folder
   * @param why for the operator
   */
  public record SkippedFile(Path path, String why) {}
}
