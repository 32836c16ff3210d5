package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authorised;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.access.ReadPolicy;
import io.intrahub.access.RuleEvidence;
import io.intrahub.access.local.RepoVisibility;
import io.intrahub.hub.HubError;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.util.Optional;

/**
 * Applies the operator's rules to what was found out about a repo: they refuse, or they leave it as
 * it is. Without rules nothing changes. Safe for use by many threads.
 */
final class SiteRules {
  private final ReadPolicy policy;
  private final AccessChecker checker;
  private final KnownCommits commits;

  /**
   * Applies these rules.
   *
   * @param commits what seeds say of them is only for clients who may read it whatever it is
   */
  SiteRules(ReadPolicy policy, AccessChecker checker, KnownCommits commits) {
    this.policy = policy;
    this.checker = checker;
    this.commits = commits;
  }

  /** Whether the operator's rules decide. */
  boolean exist() {
    return policy.hasRules();
  }

  /** In whose name this client reads a repo that not everybody may read; empty: it can't. */
  Optional<Caller> reader(Caller client, RepoId repo) {
    return policy.reader(client, repo);
  }

  /** Whether the client must not hear of this repo if it is private. */
  boolean hides(RevisionRequest request, RepoId repo) {
    return refusal(request.caller(), repo, RepoVisibility.PRIVATE).isPresent();
  }

  /** What the rules say about the repo whatever it is; empty: nothing. */
  Optional<UpstreamResult.NoValue<ResolvedRevision>> refuse(RevisionRequest request) {
    return refusal(request.caller(), request.repo(), RepoVisibility.PUBLIC);
  }

  /**
   * What the rules say about a repo that the mirror's own account may see. Also an answer that
   * there is no such revision would tell that there is the repo.
   *
   * @param repo under the name by which it is kept
   */
  Optional<UpstreamResult.NoValue<ResolvedRevision>> refuse(
      RevisionRequest request, RepoId repo, Authority reader) {
    return refusal(request, repo, checker.visibility(repo, reader));
  }

  /**
   * Applies the rules, of which there are some, to what was found out.
   *
   * @param kept the name under which everybody's grants of the repo are kept
   */
  UpstreamResult<ResolvedRevision> apply(
      RevisionRequest request, UpstreamResult<ResolvedRevision> found, RepoId kept) {
    Caller client = request.caller();
    return switch (found) {
      case UpstreamResult.Value(ResolvedRevision.At at) ->
          refusal(request, at.repo().subject(), visibility(at))
              .<UpstreamResult<ResolvedRevision>>map(no -> no)
              .orElse(found);
      case UpstreamResult.Value(ResolvedRevision.NotKept(var repo, var refusal)) ->
          refusal.isPresent() ? closed(client, repo, refusal.get()) : notKept(request, found, kept);
      case UpstreamResult.Refused(var refusal) when refusal.isOfToken() ->
          new UpstreamResult.Failed<>(
              new UpstreamFailure(
                  UpstreamFailure.Kind.UNEXPECTED_ANSWER,
                  "the Hub does not accept the mirror's own token (access.service-token-file)",
                  false,
                  Optional.empty(),
                  true));
      case UpstreamResult.Refused(var refusal) when refusal.isOfRepo() && !refusal.isGate() ->
          closed(client, request.repo(), refusal);
      case UpstreamResult.Refused(_), UpstreamResult.Failed(_) -> found;
    };
  }

  /** Everybody may see this much of it, or the mirror's own token may. */
  private RepoVisibility visibility(ResolvedRevision.At at) {
    return at.reader().isAnonymous()
        ? RepoVisibility.PUBLIC
        : checker.visibility(at.repo().subject(), at.reader().authority());
  }

  /** Everybody may see that a gated repo is there, and it is the rules that refuse its content. */
  private UpstreamResult<ResolvedRevision> notKept(
      RevisionRequest request, UpstreamResult<ResolvedRevision> found, RepoId kept) {
    return Optional.of(kept)
        .filter(checker::isOpenAsMetadata)
        .flatMap(_ -> refusal(request.caller(), request.repo(), RepoVisibility.GATED))
        .<UpstreamResult<ResolvedRevision>>map(no -> no)
        .orElse(found);
  }

  /** Only those to whom the rules open private repos hear what the Hub says of a disabled one. */
  private UpstreamResult<ResolvedRevision> closed(Caller client, RepoId repo, HubRefusal refusal) {
    RepoVisibility visibility = refusal.isGate() ? RepoVisibility.GATED : RepoVisibility.PRIVATE;
    return refusal(client, repo, visibility)
        .<UpstreamResult<ResolvedRevision>>map(no -> no)
        .orElseGet(() ->
            refused(
                refusal.isGate() || refusal.isDisabled()
                    ? refusal.error()
                    : HubError.hidden(policy.notFound(client, repo))));
  }

  /** A repo may have moved to a name of which this client must not hear. */
  private Optional<UpstreamResult.NoValue<ResolvedRevision>> refusal(
      RevisionRequest request, RepoId repo, RepoVisibility visibility) {
    Optional<UpstreamResult.NoValue<ResolvedRevision>> no =
        refusal(request.caller(), repo, visibility);
    return repo.equals(request.repo())
        ? no
        : no.map(_ -> refused(HubError.hidden(policy.notFound(request.caller(), request.repo()))));
  }

  private Optional<UpstreamResult.NoValue<ResolvedRevision>> refusal(
      Caller client, RepoId repo, RepoVisibility visibility) {
    return policy
        .refusal(client, repo, visibility)
        .map(no ->
            switch (no.reason()) {
              case NO_RULE -> HubError.forbidden(no.message());
              case GATED -> HubError.gated(no.message());
              case PRIVATE -> HubError.hidden(no.message());
            })
        .map(SiteRules::refused);
  }

  private static UpstreamResult.NoValue<ResolvedRevision> refused(HubError error) {
    return new UpstreamResult.Refused<>(new HubRefusal(error, Optional.empty()));
  }

  /**
   * What is right without a Hub: the rules alone decide about what is stored, and about what only a
   * seed has if they admit the client whatever the repo is. Such an answer is for this client only.
   *
   * @param repo under the name by which it is kept
   * @param removed the Hub's last word on a repo: no seed brings back what the Hub has removed
   */
  Decision withoutHub(RevisionRequest request, RepoId repo, RemovedRepos removed) {
    Caller client = request.caller();
    if (refusal(request, repo, RepoVisibility.PRIVATE_GATED).isEmpty()
        && !removed.has(repo)
        && needsSeeds(repo, request.revision())) {
      return new Decision.Allowed(checker.admit(RuleEvidence.witnessed(repo, true)), true);
    }
    Authority reader = policy.reader(client, repo).orElse(client).authority();
    RepoVisibility visibility = checker.visibilityOfStored(repo, reader);
    return refusal(request, repo, visibility)
        .<Decision>map(Decision.Refused::new)
        .orElseGet(() ->
            new Decision.Allowed(
                checker.admit(RuleEvidence.witnessed(repo, false)),
                visibility != RepoVisibility.PUBLIC));
  }

  /** A share may be slow, so none is asked about what the store has. */
  private boolean needsSeeds(RepoId repo, Revision revision) {
    return !commits.isWhole(checker.admit(RuleEvidence.witnessed(repo, false)), revision)
        && commits.seeds().has(repo);
  }

  /** What the rules decide without a Hub. */
  sealed interface Decision {
    /**
     * The client may read it.
     *
     * @param restricted whether not everybody may
     */
    record Allowed(Authorised<RepoId> proof, boolean restricted) implements Decision {}

    /** It may not. */
    record Refused(UpstreamResult<ResolvedRevision> answer) implements Decision {}
  }
}
