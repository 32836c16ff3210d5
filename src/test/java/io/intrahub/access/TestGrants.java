package io.intrahub.access;

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
}
