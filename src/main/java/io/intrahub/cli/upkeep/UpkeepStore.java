package io.intrahub.cli.upkeep;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.mirror.Mirror;
import io.intrahub.store.RemovalGuard;
import io.intrahub.store.fs.FsStore;

/**
 * The store that a job works on, with what differs between a running mirror and a command alone.
 *
 * @param guard what removals go through
 * @param refetch fetches a file whose stored content was lost
 */
record UpkeepStore(FsStore store, RemovalGuard guard, Refetch refetch) {
  /** Fetches files from upstream. */
  interface Refetch {
    /** Tries it, and waits for the end; the store shows whether it came. */
    void fetch(RepoId repo, CommitHash commit, FilePath path);
  }

  /** A store that this process has opened for the command. */
  static UpkeepStore alone(FsStore store) {
    return new UpkeepStore(store, RemovalGuard.OFFLINE, (_, _, _) -> {});
  }

  /** The store that a mirror serves. */
  static UpkeepStore of(FsStore store, Mirror mirror) {
    return new UpkeepStore(store, mirror.removalGuard(), mirror::refetch);
  }
}
