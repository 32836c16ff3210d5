package io.intrahub.store;

import io.intrahub.hub.RepoId;
import java.io.IOException;
import java.time.Clock;
import java.util.Optional;

/**
 * Ends what is known of who may read a repo when something is imported of it. The imported files
 * may be from a time when fewer people could read the repo than when the Hub last said who may, or
 * of an earlier repo of the same name. Afterwards the store has {@link RepoStore#IMPORTED} in place
 * of the repo's id, so that the Hub is asked which repo it is before it is asked anything else.
 *
 * <p>The id stays if the import only brings content that the Hub's own list of a commit names and
 * that list was learned under this id: then the files are of the repo that the store knows, as if
 * they had been fetched.
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
   * @param provenId the internal id under which the Hub listed all that the change brings; empty if
   *     the Hub did not list it
   * @throws IOException if somebody might still read the repo, in which case nothing was changed;
   *     or if the change failed
   */
  void change(RepoId repo, Optional<String> provenId, Change change) throws IOException;

  /** The guard of a store that serves no clients. */
  static ImportGuard offline(RepoStore store, Clock clock) {
    return (repo, provenId, change) -> {
      end(store, repo, provenId, clock);
      change.run();
    };
  }

  /**
   * Ends what the store knows of who may read a repo, and of which repo it is unless that is
   * proven.
   *
   * @throws IOException if some of it may be left
   */
  static void end(RepoStore store, RepoId repo, Optional<String> provenId, Clock clock)
      throws IOException {
    store.revokeAll(repo);
    boolean proven = provenId.isPresent() && store.internalId(repo).equals(provenId);
    if (!proven) {
      store.markImported(repo, clock.instant());
    }
  }
}
