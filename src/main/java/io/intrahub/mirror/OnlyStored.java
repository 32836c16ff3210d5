package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authorised;
import io.intrahub.access.Caller;
import io.intrahub.access.ReadScope;
import io.intrahub.hub.OutageErrors;
import io.intrahub.hub.RepoId;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamResult;
import java.util.Optional;

/**
 * Answers requests with {@code Cache-Control: only-if-cached} (RFC 9111 section 5.2.1.7): from the
 * store and under grants that are fresh, without any call to upstream. Safe for use by many
 * threads.
 */
final class OnlyStored {
  private final AccessChecker checker;
  private final SiteRules rules;
  private final RefusedRepos refusedRepos;
  private final RevisionReader reader;

  OnlyStored(
      AccessChecker checker, SiteRules rules, RefusedRepos refusedRepos, RevisionReader reader) {
    this.checker = checker;
    this.rules = rules;
    this.refusedRepos = refusedRepos;
    this.reader = reader;
  }

  /** The answer to a request for something that is not stored, or that the client may not read. */
  static ErrorReply reply(String what) {
    return new ErrorReply(OutageErrors.notStored(what), Optional.empty());
  }

  /** The same, in place of a commit. */
  static UpstreamResult<ResolvedRevision> notStored(RevisionRequest request) {
    return new UpstreamResult.Refused<>(
        new HubRefusal(OutageErrors.notStored(request.repo().toString()), Optional.empty()));
  }

  /**
   * Resolves a revision for whoever may read it.
   *
   * @param repo the name under which it is kept
   * @param holder in whose name a repo is read that not everybody may read
   */
  UpstreamResult<ResolvedRevision> resolve(
      RepoId repo, ReadAttempt anybody, Optional<Caller> holder) {
    Optional<Authorised<RepoId>> everybodys = checker.remembered(anybody.grant(repo));
    if (everybodys.isPresent()) {
      return reader.resolveGranted(everybodys.get(), anybody);
    }
    return holder
        .map(anybody::as)
        .filter(own -> isOwnGrantEnough(repo, anybody))
        .flatMap(own ->
            checker.remembered(own.grant(repo)).map(proof -> reader.resolveGranted(proof, own)))
        .orElseGet(() -> notStored(anybody.request()));
  }

  /**
   * A token must not hide that a repo is public no longer; and what everybody may see of a repo
   * says which of the operator's rules counts.
   */
  private boolean isOwnGrantEnough(RepoId repo, ReadAttempt anybody) {
    if (!rules.exist()) {
      return !checker.wasPublic(repo);
    }
    var metadata = anybody.grantOf(repo, ReadScope.METADATA);
    return checker.remembered(metadata).isPresent() || refusedRepos.get(metadata).isPresent();
  }
}
