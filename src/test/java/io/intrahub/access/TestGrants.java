package io.intrahub.access;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import java.time.Clock;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Grants and proofs for tests of packages that want one. Proofs come from the checker, as all do.
 */
public final class TestGrants {
  private TestGrants() {}

  /** A proof that everybody may read this repo. */
  public static Authorised<RepoId> everybody(RepoId repo) {
    EventOrder order = new EventOrder(Clock.systemUTC());
    AccessChecker checker =
        new AccessChecker(
            new MapGrants(new ConcurrentHashMap<>()),
            order,
            Clock.systemUTC(),
            AccessChecker.Settings.DEFAULT);
    return checker.admit(ReadEvidence.witnessed(open(repo), order.now())).orElseThrow();
  }

  /** That everybody may read this repo. */
  public static Grant open(RepoId repo) {
    return new Grant(repo, new Authority.Anonymous(), ReadScope.CONTENT);
  }

  /** A proof that everybody may read this blob as content of this repo. */
  public static AuthorisedBlob everybody(RepoId repo, BlobId blob) {
    return AccessChecker.blob(everybody(repo), blob);
  }
}
