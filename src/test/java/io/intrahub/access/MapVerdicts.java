package io.intrahub.access;

import io.intrahub.hub.RepoId;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** Remembers which repos are public in a map of the test's. */
record MapVerdicts(Map<RepoId, Instant> seen) implements VerdictStore {
  @Override
  public Optional<Instant> publicSince(RepoId repo) {
    return Optional.ofNullable(seen.get(repo));
  }

  @Override
  public void rememberPublic(RepoId repo, Instant seenAt) {
    seen.put(repo, seenAt);
  }

  @Override
  public void forgetPublic(RepoId repo) {
    seen.remove(repo);
  }
}
