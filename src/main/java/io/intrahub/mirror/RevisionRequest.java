package io.intrahub.mirror;

import io.intrahub.access.Caller;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.CacheDirectives;

/**
 * What a client asks about: one revision of a repo, and in whose name. It travels as a whole from
 * the route to the decision about access, so that the decision sees the caller.
 *
 * @param repo as the client names it
 * @param revision as the client names it
 * @param client the request that it is asked with
 */
public record RevisionRequest(RepoId repo, Revision revision, ClientRequest client) {
  /** On whose behalf the request is made. */
  Caller caller() {
    return client.caller();
  }

  /** How the client lets a cache answer. */
  CacheDirectives directives() {
    return client.directives();
  }

  /** The same about another repo. */
  RevisionRequest about(RepoId other) {
    return new RevisionRequest(other, revision, client);
  }
}
