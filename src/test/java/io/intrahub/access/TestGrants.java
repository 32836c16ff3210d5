package io.intrahub.access;

import io.intrahub.hub.BlobId;
import io.intrahub.hub.RepoId;
import java.time.Clock;
import java.util.concurrent.ConcurrentHashMap;

/** Proofs for tests of packages that want one. They come from the checker, as all do. */
public final class TestGrants {
  private TestGrants() {}

  /** A proof that everybody may read this repo. */
  public static Authorised<RepoId> everybody(RepoId repo) {
    EventOrder order = new EventOrder(Clock.systemUTC());
    AccessChecker checker =
        new AccessChecker(
            new MapVerdicts(new ConcurrentHashMap<>()),
            order,
            Clock.systemUTC(),
            AccessChecker.Settings.DEFAULT);
    return checker.admit(AnonymousRead.witnessed(repo, order.now())).orElseThrow();
  }

  /** A proof that everybody may read this blob as content of this repo. */
  public static AuthorisedBlob everybody(RepoId repo, BlobId blob) {
    return AccessChecker.blob(everybody(repo), blob);
  }
}
