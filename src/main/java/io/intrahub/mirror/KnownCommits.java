package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.store.JoinedManifest;
import io.intrahub.store.Manifest;
import io.intrahub.store.RepoStore;
import io.intrahub.store.SeedMetadata;
import java.util.Optional;

/**
 * What is known of commits without a call to upstream. What the store knows comes first; a seed
 * adds to it for clients who may read what only a seed says, which is never so while there is a Hub
 * to ask: see {@link SiteRules#withoutHub}. Safe for use by many threads.
 *
 * @param seeds asked for what the store does not know
 */
record KnownCommits(RepoStore store, SeedMetadata seeds) {
  /** The last observation of a revision. */
  Optional<Observation<CommitHash>> revision(Authorised<RepoId> repo, Revision revision) {
    Optional<Observation<CommitHash>> stored = store.revision(repo, revision);
    return stored.isEmpty() && repo.coversSeeds()
        ? seeds.revision(repo.subject(), revision)
        : stored;
  }

  /**
   * Whether the store has a revision and the whole list of its commit, so that no seed adds any.
   */
  boolean isWhole(Authorised<RepoId> repo, Revision revision) {
    return revision
        .asCommit()
        .or(() -> store.revision(repo, revision).map(Observation::value))
        .flatMap(commit -> store.manifest(repo, commit))
        .filter(Manifest::complete)
        .isPresent();
  }

  /** The manifest of a commit; a partial one is that of an import, a seed, or both. */
  Optional<Manifest> manifest(Authorised<RepoId> repo, CommitHash commit) {
    Optional<Manifest> stored = store.manifest(repo, commit);
    if (!repo.coversSeeds() || stored.filter(Manifest::complete).isPresent()) {
      return stored;
    }
    return stored.isPresent()
        ? Optional.of(
            new JoinedManifest(stored.get(), () -> seeds.manifest(repo.subject(), commit)))
        : seeds.manifest(repo.subject(), commit);
  }
}
