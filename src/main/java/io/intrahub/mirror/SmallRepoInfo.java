package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.access.ReadScope;
import io.intrahub.hub.RepoFacts;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.json.MalformedJsonException;
import io.intrahub.hub.json.RepoInfoJson;
import java.time.Instant;
import java.util.Optional;

/**
 * A small repo info answer, as it is kept in memory.
 *
 * @param facts what it says of the repo; empty if it can't be read
 */
record SmallRepoInfo(byte[] body, Optional<RepoFacts> facts, Instant learnedAt) {
  static SmallRepoInfo of(byte[] body, Instant learnedAt) {
    try {
      return new SmallRepoInfo(body, Optional.of(RepoInfoJson.read(body)), learnedAt);
    } catch (MalformedJsonException e) {
      return new SmallRepoInfo(body, Optional.empty(), learnedAt);
    }
  }

  /** Whether it says of who may read the repo what is no longer so. */
  boolean contradicts(Authorised<RepoId> proof) {
    boolean everybody = proof.isForEverybody() && proof.scope().covers(ReadScope.CONTENT);
    return facts
        .filter(f ->
            everybody
                ? f.isPrivate() == RepoFacts.Told.YES || f.isGated() == RepoFacts.Told.YES
                : f.openToAll())
        .isPresent();
  }
}
