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

  /** The manifest of a commit; a partial one is that of an import, a seed, or both. */
  Optional<Manifest> manifest(Authorised<RepoId> repo, CommitHash commit) {
    Optional<Manifest> stored = store.manifest(repo, commit);
    if (!repo.coversSeeds() || stored.filter(Manifest::complete).isPresent()) {
      return stored;
    }
    Optional<Manifest> seeded = seeds.manifest(repo.subject(), commit);
    return stored.isPresent() && seeded.isPresent()
        ? Optional.of(new JoinedManifest(stored.get(), seeded.get()))
        : stored.or(() -> seeded);
  }
}
