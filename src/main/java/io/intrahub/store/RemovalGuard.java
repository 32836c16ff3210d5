package io.intrahub.store;

import io.intrahub.hub.RepoId;
import java.io.IOException;

/**
 * What a removal of metadata goes through, so that a mirror which serves clients forgets what it
 * has in memory of it. Safe for use by many threads.
 */
public interface RemovalGuard {
  /** Makes the changes and nothing else: for a store that serves no clients. */
  RemovalGuard OFFLINE =
      new RemovalGuard() {
        @Override
        public void removeRepo(RepoId repo, Change change) throws IOException {
          change.run();
        }

        @Override
        public void removeCommits(RepoId repo, Change change) throws IOException {
          change.run();
        }
      };

  /** Changes the store. */
  interface Change {
    /** Makes the change. */
    void run() throws IOException;
  }

  /**
   * Removes all that is known of a repo, after everybody's right to read it has ended.
   *
   * @param change removes it from the store
   * @throws IOException if the change failed; nobody may read the repo then either
   */
  void removeRepo(RepoId repo, Change change) throws IOException;

  /**
   * Removes some revisions and commits of a repo. Who may read the repo stays as it is.
   *
   * @param change removes them from the store
   * @throws IOException if the change failed
   */
  void removeCommits(RepoId repo, Change change) throws IOException;
}
