package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authorised;
import io.intrahub.access.Caller;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadScope;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.HubUpstream;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * Has the Hub confirm what is served already: a grant, the commit of a revision, or both with one
 * call. Holds no state. Safe for use by many threads.
 */
record GrantQuestions(AccessChecker checker, GrantRenewals renewals, RevisionProbes probes) {
  /**
   * Asks a repo's own question, or joins it. If it joins one that fails because the share of memory
   * of the client that began it is used up, it begins one of its own.
   *
   * @param admission charged with the question; empty: it is the mirror's own
   */
  CompletableFuture<UpstreamResult<ProbeResult>> ask(
      Grant grant, Revision own, Caller as, Optional<ColdQuestionLimiter.Admission> admission) {
    AtomicBoolean begun = new AtomicBoolean();
    CompletableFuture<UpstreamResult<ProbeResult>> first = join(grant, own, as, admission, begun);
    return begun.get()
        ? first
        : first.thenCompose(probed ->
            probed.isFailureOfBeginner()
                ? join(grant, own, as, admission, begun)
                : CompletableFuture.completedFuture(probed));
  }

  private CompletableFuture<UpstreamResult<ProbeResult>> join(
      Grant grant,
      Revision own,
      Caller as,
      Optional<ColdQuestionLimiter.Admission> admission,
      AtomicBoolean begun) {
    // A client's cold question counts against the client, and the mirror's own against a share
    // that no client can use up: a flood of tokens must not keep grants from being confirmed.
    Caller paying = admission.isPresent() ? as : HubUpstream.confirming(as);
    return probes
        .confirm(
            own,
            grant,
            paying,
            () -> {
              begun.set(admission.map(ColdQuestionLimiter.Admission::begin).orElse(true));
              return begun.get();
            })
        .orElseGet(() ->
            CompletableFuture.completedFuture(
                new UpstreamResult.Failed<>(admission.orElseThrow().refusal())));
  }

  /** Has a grant confirmed in the background, if that is due. */
  void renew(RepoId repo, ReadAttempt attempt) {
    Grant grant = attempt.grant(repo);
    renewals.renew(grant, () -> ask(grant, Revision.DEFAULT, attempt.as(), Optional.empty()));
  }

  /**
   * Asks the repo's own question about what everybody was granted, because another call makes it
   * doubtful.
   *
   * @return the answer; empty if there is no such grant, or the Hub was asked a moment ago
   */
  Optional<CompletableFuture<UpstreamResult<ProbeResult>>> doubt(RepoId repo, Caller everybody) {
    Grant grant = new Grant(repo, everybody.authority(), ReadScope.METADATA);
    return checker.isKnown(grant)
        ? renewals.askUnlessJustAsked(
            grant, () -> ask(grant, Revision.DEFAULT, everybody, Optional.empty()))
        : Optional.empty();
  }

  /**
   * Asks about a revision in the background. If the grant is due too, the same call confirms it
   * where one call can say both.
   */
  CompletableFuture<UpstreamResult<ProbeResult>> refresh(RepoId repo, ReadAttempt attempt) {
    return refresh(
            repo,
            attempt,
            () -> Optional.of(probes.refresh(repo, attempt.revision(), attempt.as())))
        .thenApply(Optional::orElseThrow);
  }

  /**
   * The same, unless an answer has been noted since the request looked at what is known. Then only
   * the grant is confirmed, if that is due.
   *
   * @param known {@link AnswerNotes#learnedAt}, read before the request looked
   */
  void refreshUnlessLearned(RepoId repo, ReadAttempt attempt, Instant known) {
    var _ =
        refresh(
            repo,
            attempt,
            () -> probes.refreshUnlessLearned(repo, attempt.revision(), attempt.as(), known));
  }

  /**
   * Asks about a revision, and confirms the grant with the same call or another one.
   *
   * @param question about the revision alone; empty if it is not to be asked
   * @return what upstream said, if it was asked
   */
  private CompletableFuture<Optional<UpstreamResult<ProbeResult>>> refresh(
      RepoId repo,
      ReadAttempt attempt,
      Supplier<Optional<CompletableFuture<UpstreamResult<ProbeResult>>>> question) {
    Caller as = attempt.as();
    Grant content = new Grant(repo, as.authority(), ReadScope.CONTENT);
    // Repo info says nothing about the content of a gated repo, but a file of it says both.
    boolean byFile =
        !as.isAnonymous()
            && attempt.revision().equals(Revision.MAIN)
            && checker.isOpenAsMetadata(repo)
            && renewals.isDue(content);
    if (byFile) {
      return renewals.renewBy(
          content,
          () ->
              ask(content, Revision.MAIN, as, Optional.empty())
                  .thenCompose(probed -> learned(repo, probed, attempt))
                  .thenApply(Optional::of));
    }
    if (attempt.scope() == ReadScope.CONTENT && checker.isGated(repo, as.authority())) {
      renew(repo, attempt);
      return ifAsked(question.get());
    }
    Grant grant = attempt.grant(repo);
    return renewals.renewBy(
        grant,
        () ->
            ifAsked(
                question
                    .get()
                    // Another authority's question taught the commit, and nothing of this grant.
                    .or(() ->
                        Optional.of(grant)
                            .filter(renewals::isDue)
                            .map(due -> ask(due, Revision.DEFAULT, as, Optional.empty())))));
  }

  private static <T> CompletableFuture<Optional<T>> ifAsked(
      Optional<CompletableFuture<T>> question) {
    return question
        .map(asked -> asked.thenApply(Optional::of))
        .orElseGet(() -> CompletableFuture.completedFuture(Optional.empty()));
  }

  private CompletableFuture<UpstreamResult<ProbeResult>> learned(
      RepoId repo, UpstreamResult<ProbeResult> probed, ReadAttempt attempt) {
    if (probed instanceof UpstreamResult.Value(ProbeResult.Open open)) {
      Optional<Authorised<RepoId>> proof = checker.admit(open.evidence());
      if (proof.isPresent()) {
        return probes
            .learnMove(proof.get(), attempt.revision(), open.commit(), attempt.as())
            .thenApply(_ -> probed);
      }
    } else if (probed instanceof UpstreamResult.Value(ProbeResult.Granted _)) {
      // The answer names no commit.
      return probes.refresh(repo, attempt.revision(), attempt.as());
    }
    return CompletableFuture.completedFuture(probed);
  }
}
