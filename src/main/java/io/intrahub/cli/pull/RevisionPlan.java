package io.intrahub.cli.pull;

import io.intrahub.hub.CommitHash;
import java.util.List;

/**
 * What there is to do for a revision. Sizes are in bytes.
 *
 * @param wanted the revision
 * @param commit that the mirror showed for it
 * @param files number of files that were asked for
 * @param bytes of these files; LFS content that several have counts once
 * @param missing the files that are not stored yet
 * @param missingBytes of these, counted in the same way
 */
record RevisionPlan(
    WantedRevision wanted,
    CommitHash commit,
    int files,
    long bytes,
    List<PulledFile> missing,
    long missingBytes) {
  /** Takes a copy of the list. */
  RevisionPlan {
    missing = List.copyOf(missing);
  }
}
