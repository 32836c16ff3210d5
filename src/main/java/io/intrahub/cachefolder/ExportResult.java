package io.intrahub.cachefolder;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import java.util.List;

/** What became of one revision of a repo. */
public sealed interface ExportResult {
  /**
   * The cache folder has all files that the store has, and clients can load them.
   *
   * @param revision what was asked for
   * @param commit what it is in the store
   * @param present number of files that the folder has now, of those that were wanted
   * @param bytes their sizes, in bytes
   * @param added number of files that it did not have before
   * @param addedBytes their sizes, in bytes
   * @param missing the first of the wanted files that are not in the folder; see {@link #MAX_NAMED}
   * @param missingCount the number of all of them
   * @param listed whether the store has the Hub's list of the files; otherwise these are the files
   *     that were imported, and there may be more
   * @param refKept whether the folder still shows an earlier commit under this revision, because
   *     that one has files that the folder lacks of the new one
   */
  record Exported(
      RepoId repo,
      Revision revision,
      CommitHash commit,
      long present,
      long bytes,
      long added,
      long addedBytes,
      List<MissingFile> missing,
      long missingCount,
      boolean listed,
      boolean refKept)
      implements ExportResult {
    /** Takes a copy of the list. */
    public Exported {
      missing = List.copyOf(missing);
    }
  }

  /**
   * The revision is not in the folder: it is not stored, or the folder can't be written. Files that
   * were exported before stay.
   *
   * @param isStored whether the reason is another one than that it is not stored
   * @param why for the operator
   */
  record NotExported(RepoId repo, Revision revision, boolean isStored, String why)
      implements ExportResult {}

  /** How many missing files are named: a commit may have a million. */
  int MAX_NAMED = 1_000;

  /**
   * A wanted file that is not in the cache folder.
   *
   * @param why for the operator
   */
  record MissingFile(FilePath path, String why) {}
}
