package io.intrahub.cachefolder;

import io.intrahub.hub.RepoId;
import io.intrahub.store.RepoStore;
import java.io.IOException;

/**
 * Ends what the store knows of who may read a repo before an import adds the first file to it. The
 * client's files may be from a time when fewer people could read the repo than when the Hub last
 * said who may. For one thread.
 */
final class AccessRevocation {
  private final RepoStore store;
  private final RepoId repo;
  private boolean done;

  AccessRevocation(RepoStore store, RepoId repo) {
    this.store = store;
    this.repo = repo;
  }

  /**
   * To be called before each change.
   *
   * @throws IOException if somebody might still read the repo afterwards
   */
  void beforeChange() throws IOException {
    if (!done) {
      store.revokeAll(repo);
      done = true;
    }
  }
}
