package io.intrahub.store;

import io.intrahub.hub.RepoId;
import java.io.IOException;
import java.time.Clock;

/**
 * Ends what is known of who may read a repo when something is imported of it. The imported files
 * may be from a time when fewer people could read the repo than when the Hub last said who may, or
 * of an earlier repo of the same name. Afterwards the store has {@link RepoStore#IMPORTED} in place
 * of the repo's id, so that the Hub is asked which repo it is before it is asked anything else.
 */
public interface ImportGuard {
  /** Changes the store. */
  interface Change {
    /** Makes the change. */
    void run() throws IOException;
  }

  /**
   * Makes a change after everybody's right to read the repo has ended. Nobody gets a new one before
   * the change is made.
   *
   * @throws IOException if somebody might still read the repo, in which case nothing was changed;
   *     or if the change failed
   */
  void change(RepoId repo, Change change) throws IOException;

  /** The guard of a store that serves no clients. */
  static ImportGuard offline(RepoStore store, Clock clock) {
    return (repo, change) -> {
      end(store, repo, clock);
      change.run();
    };
  }

  /**
   * Ends what the store knows of who may read a repo, and of which repo it is.
   *
   * @throws IOException if some of it may be left
   */
  static void end(RepoStore store, RepoId repo, Clock clock) throws IOException {
    store.revokeAll(repo);
    store.markImported(repo, clock.instant());
  }
}
