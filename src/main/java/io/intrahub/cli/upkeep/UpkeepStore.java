package io.intrahub.cli.upkeep;

import io.intrahub.access.Caller;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.mirror.Mirror;
import io.intrahub.store.RemovalGuard;
import io.intrahub.store.fs.FsStore;
import java.util.Optional;

/**
 * The store that a job works on, with what differs between a running mirror and a command alone.
 *
 * @param guard what removals go through
 * @param refetch fetches a file whose stored content was lost
 */
public record UpkeepStore(FsStore store, RemovalGuard guard, Refetch refetch) {
  /** Fetches files from upstream. */
  public interface Refetch {
    /**
     * Tries it, and waits for the end; the store shows whether it came.
     *
     * @return why it did not come, if that is known
     */
    Optional<String> fetch(RepoId repo, CommitHash commit, FilePath path);

    /** Tries another way if this one fails, and says why this one failed if both do. */
    default Refetch or(Refetch other) {
      return (repo, commit, path) -> {
        Optional<String> why = fetch(repo, commit, path);
        return why.isPresent() && other.fetch(repo, commit, path).isEmpty()
            ? Optional.empty()
            : why;
      };
    }
  }

  /** A store that this process has opened for the command. */
  static UpkeepStore alone(FsStore store) {
    return new UpkeepStore(
        store, RemovalGuard.OFFLINE, (_, _, _) -> Optional.of("no mirror runs on the store"));
  }

  /** The store that a mirror serves, for which files are fetched that everybody may read. */
  static UpkeepStore of(FsStore store, Mirror mirror) {
    return new UpkeepStore(
        store,
        mirror.removalGuard(),
        (repo, commit, path) -> mirror.refetch(repo, commit, path, Optional.empty()));
  }

  /**
   * The store of a mirror that a command has started.
   *
   * @param user who uses the command, and in whose name files are fetched
   * @param hasToken whether the user has a token. It may be of no use, even for what everybody may
   *     read.
   */
  public static UpkeepStore of(FsStore store, Mirror mirror, Caller user, boolean hasToken) {
    UpkeepStore everybodys = of(store, mirror);
    Refetch users = (repo, commit, path) -> mirror.refetch(repo, commit, path, Optional.of(user));
    return new UpkeepStore(
        store, everybodys.guard(), hasToken ? users.or(everybodys.refetch()) : users);
  }
}
