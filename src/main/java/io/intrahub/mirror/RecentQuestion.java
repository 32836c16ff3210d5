package io.intrahub.mirror;

import io.intrahub.access.Caller;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.CacheDirectives;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.ApiRequest;
import java.util.Optional;

/**
 * A question of a client that {@link RecentAnswers} answers.
 *
 * @param request to upstream
 * @param about the repo that it is about, as the client names it; empty if it is about none
 * @param caller in whose name upstream is asked
 * @param mayRead whether the client may read the repo; asked before an answer is served from
 *     memory; empty if the question is about no repo
 * @param directives how the client lets a cache answer
 * @param what for a person who reads the error: what was asked for
 * @param self the mirror's own base address as the client sees it, without a trailing slash
 */
record RecentQuestion(
    ApiRequest request,
    Optional<RepoId> about,
    Caller caller,
    Optional<RightToRead> mayRead,
    CacheDirectives directives,
    String what,
    String self) {
  /** Finds out whether a client may read the repo that it asks about. */
  interface RightToRead {
    /** Asks upstream if need be; what it says is remembered as a grant. */
    UpstreamResult<ResolvedRevision> resolve();
  }
}
