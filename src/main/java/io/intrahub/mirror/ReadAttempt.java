package io.intrahub.mirror;

import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadScope;
import io.intrahub.base.Deadline;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;

/**
 * A request that is tried as one authority: first as anybody, then as the client with their token.
 *
 * @param request what the client asks about
 * @param scope how much of the repo the answer shows
 * @param probe how to ask when nothing is known
 * @param deadline how long to wait for upstream when nothing is known
 * @param as in whose name the repo is read; its client is that of the request
 */
record ReadAttempt(
    RevisionRequest request,
    ReadScope scope,
    RevisionProbes.Probe probe,
    Deadline deadline,
    Caller as) {
  Revision revision() {
    return request.revision();
  }

  Authority authority() {
    return as.authority();
  }

  /** What is needed to answer it. */
  Grant grant(RepoId repo) {
    return grantOf(repo, scope);
  }

  /** What is needed to answer it if it shows this much of the repo. */
  Grant grantOf(RepoId repo, ReadScope shown) {
    return new Grant(repo, as.authority(), shown);
  }

  /** The same for the metadata only. */
  ReadAttempt forMetadata(RevisionProbes.Probe byInfo) {
    return new ReadAttempt(request, ReadScope.METADATA, byInfo, deadline, as);
  }

  /** The same for the content too. */
  ReadAttempt forContent() {
    return new ReadAttempt(request, ReadScope.CONTENT, probe, deadline, as);
  }

  /** The same in another name. */
  ReadAttempt as(Caller other) {
    return new ReadAttempt(request, scope, probe, deadline, other);
  }
}
