package io.intrahub.store;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import java.util.Optional;

/**
 * What the operator's seeds claim of repos: which commit a revision was, and some files of a
 * commit. It is as good as what an import says: it rests on the word of whoever filled the folder,
 * so it counts only where there is no Hub to ask, and only for a client whom the operator's rules
 * admit whatever the Hub would say. Content that it names is verified before it is used.
 *
 * <p>A seed may change at any time, so each question is answered from what is there now, and
 * nothing is kept. Safe for use by many threads.
 */
public interface SeedMetadata {
  /** There is none. */
  SeedMetadata NONE =
      new SeedMetadata() {
        @Override
        public boolean has(RepoId repo) {
          return false;
        }

        @Override
        public Optional<Observation<CommitHash>> revision(RepoId repo, Revision revision) {
          return Optional.empty();
        }

        @Override
        public Optional<Manifest> manifest(RepoId repo, CommitHash commit) {
          return Optional.empty();
        }
      };

  /** Returns whether a seed has something of this repo. */
  boolean has(RepoId repo);

  /**
   * Returns which commit a revision was when a seed was filled, if there are files of this commit.
   */
  Optional<Observation<CommitHash>> revision(RepoId repo, Revision revision);

  /**
   * Returns the files of a commit that the seeds have. The manifest is never complete, and reads
   * the seeds at each question.
   */
  Optional<Manifest> manifest(RepoId repo, CommitHash commit);
}
