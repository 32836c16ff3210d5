package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Caller;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadScope;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.UpstreamState;
import java.util.Optional;

/**
 * The names under which repos are kept, as far as a client may know them. An alias is applied only
 * for those who may know of the repo that it leads to: a new name may itself be a secret. Nor is it
 * applied for those whose right to the content was confirmed under the asked name only. Holds no
 * state. Safe for use by many threads.
 */
record VisibleNames(AccessChecker checker, RepoAliases aliases) {
  /**
   * Returns the name under which a repo is kept.
   *
   * @param holder the client with a token, if it has one
   * @param state as for {@link RepoAliases#canonical}
   */
  RepoId canonical(RepoId asked, Optional<Caller> holder, UpstreamState state) {
    RepoId kept = aliases.canonical(asked, state);
    if (kept.equals(asked)) {
      return asked;
    }
    boolean visible =
        mayKnow(kept, Caller.ANONYMOUS) || holder.filter(h -> mayKnow(kept, h)).isPresent();
    boolean less =
        !mayRead(kept, Caller.ANONYMOUS)
            && holder.filter(h -> mayRead(asked, h) && !mayRead(kept, h)).isPresent();
    return visible && !less ? kept : asked;
  }

  private boolean mayRead(RepoId repo, Caller caller) {
    return checker.isKnown(new Grant(repo, caller.authority(), ReadScope.CONTENT));
  }

  /** Returns whether a caller was granted at least the metadata of a repo. */
  boolean mayKnow(RepoId repo, Caller caller) {
    return checker.isKnown(new Grant(repo, caller.authority(), ReadScope.METADATA));
  }
}
