package io.intrahub.mirror;

import io.intrahub.access.Caller;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;

/**
 * What a client asks about: one revision of a repo, and in whose name. It travels as a whole from
 * the route to the decision about access, so that the decision sees the caller.
 *
 * @param repo as the client names it
 * @param revision as the client names it
 * @param caller on whose behalf the request is made
 * @param noCache whether the client wants upstream asked ({@code Cache-Control: no-cache})
 */
public record RevisionRequest(RepoId repo, Revision revision, Caller caller, boolean noCache) {
  /** The same about another repo. */
  RevisionRequest about(RepoId other) {
    return new RevisionRequest(other, revision, caller, noCache);
  }
}
