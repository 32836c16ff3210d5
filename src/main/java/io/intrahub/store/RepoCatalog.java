package io.intrahub.store;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.store.RepoStore.ObservedRevision;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The metadata of all repos, for the store's own maintenance: eviction looks here which commits are
 * current. It asks for no proof, so nobody who answers clients may use it; {@code ProofsTest} holds
 * that. A read that fails throws, so that nothing counts as absent because it could not be read.
 *
 * <p>What changes during a walk is seen as it was before or after the change. Safe for use by many
 * threads.
 */
public interface RepoCatalog {
  /**
   * Passes on every repo of which something is known.
   *
   * @throws IOException when they can't be listed
   */
  void forEachRepo(Consumer<RepoId> visitor) throws IOException;

  /**
   * All revisions of the repo that were observed, in no order: the commit that clients see, and
   * those with a {@link CommitRole}, so that eviction spares what is fetched for a new commit.
   *
   * @throws IOException when one of them can't be read, or is damaged
   */
  List<ObservedRevision> revisions(RepoId repo) throws IOException;

  /**
   * The manifest of a commit. It is not checked yet: to read it may fail, if it is damaged.
   *
   * @throws IOException when it can't be opened, or is damaged
   */
  Optional<Manifest> manifest(RepoId repo, CommitHash commit) throws IOException;
}
