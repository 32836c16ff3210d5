package io.intrahub.access;

import io.intrahub.hub.RepoId;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Proofs for tests of rooms that want one. They come from the checker, as all do. */
public final class TestGrants {
  private TestGrants() {}

  /** A proof that everybody may read this repo. */
  public static Authorised<RepoId> everybody(RepoId repo) {
    AccessChecker checker =
        new AccessChecker(
            new Verdicts(new ConcurrentHashMap<>()),
            Clock.systemUTC(),
            AccessChecker.Settings.DEFAULT);
    return checker.admit(AnonymousRead.witnessed(repo));
  }

  private record Verdicts(Map<RepoId, Instant> seen) implements VerdictStore {
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
}
