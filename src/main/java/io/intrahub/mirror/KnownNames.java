package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Caller;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadScope;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.UpstreamState;
import java.util.Optional;

/**
 * The names under which repos are kept, as far as a client may know them: a new name may itself be
 * a secret. Safe for use by many threads.
 */
final class KnownNames {
  private final RepoAliases aliases;
  private final AccessChecker checker;

  KnownNames(RepoAliases aliases, AccessChecker checker) {
    this.aliases = aliases;
    this.checker = checker;
  }

  /**
   * The name under which a repo is kept. An alias is applied only for those who may know of the
   * repo that it leads to.
   *
   * @param holder in whose name the client may know of it, beside everybody's
   */
  RepoId canonical(RepoId asked, Optional<Caller> holder, UpstreamState state) {
    RepoId kept = aliases.canonical(asked, state);
    return kept.equals(asked)
            || mayKnow(kept, Caller.ANONYMOUS)
            || holder.filter(h -> mayKnow(kept, h)).isPresent()
        ? kept
        : asked;
  }

  /** Whether the caller may know of a repo. */
  boolean mayKnow(RepoId repo, Caller caller) {
    return checker.isKnown(new Grant(repo, caller.authority(), ReadScope.METADATA));
  }
}
