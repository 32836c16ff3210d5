package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authorised;
import io.intrahub.base.Deadline;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.policy.UpstreamState;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.HubUpstream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;

/**
 * Asks upstream about revisions of which nothing is known, and has clients wait for the answer.
 *
 * <p>Holds no state. Safe for use by many threads.
 */
record ColdRevisions(
    AccessChecker checker,
    KnownCommits commits,
    HubUpstream upstream,
    RevisionProbes probes,
    ColdQuestionLimiter coldQuestionLimiter,
    BranchCommits branches,
    RevisionAnswers answers) {
  /** Enough for a Hub that is back, and less than the first time-out of any client (6 s). */
  private static final Duration DOWN_PATIENCE = Duration.ofSeconds(4);

  /** How often a waiting client looks whether upstream is down. */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

  /**
   * Asks about a revision of which nothing is known, and waits as long as the client can.
   *
   * @param held a proof that the repo may be read, if there is one without an answer
   */
  UpstreamResult<ResolvedRevision> ask(
      RepoId repo, ReadAttempt attempt, Optional<Authorised<RepoId>> held) {
    Revision revision = attempt.revision();
    ColdQuestionLimiter.Admission admission =
        coldQuestionLimiter.admission(attempt.request().caller());
    // The last question may have been refused since this client looked, and is not put again.
    BooleanSupplier mayAsk =
        () ->
            (held.isPresent() || probes.refusal(attempt.grant(repo)).isEmpty())
                && admission.begin();
    Optional<UpstreamResult<ProbeResult>> learned;
    do {
      var question = probes.ask(repo, attempt, mayAsk);
      if (question.isEmpty()) {
        return probes
            .refusal(attempt.grant(repo))
            .map(r -> RevisionAnswers.closed(repo, r.refusal(), attempt))
            .orElseGet(() -> new UpstreamResult.Failed<>(admission.refusal()));
      }
      learned = await(question.get(), attempt.deadline());
      // Another client's question may have failed because of that client.
    } while (learned.filter(UpstreamResult::isFailureOfBeginner).isPresent()
        && !admission.isBegun()
        && !attempt.deadline().left().isZero());
    if (learned.isEmpty()) {
      return new UpstreamResult.Failed<>(
          upstream.state() == UpstreamState.DOWN
              ? upstream.unavailableReason()
              : UpstreamErrors.timedOut(upstream, attempt.deadline().whole()));
    }
    return switch (learned.get()) {
      case UpstreamResult.Value(ProbeResult.Open open) ->
          checker
              .admit(open.evidence())
              .filter(proof -> proof.scope().covers(attempt.scope()))
              .or(() -> attempt.as().isAnonymous() ? Optional.empty() : held)
              .map(proof -> found(proof, open.commit(), attempt))
              // Refused since the question began: the client's own call is asked about upstream.
              .orElseGet(() -> RevisionAnswers.closed(repo, Optional.empty(), attempt));
      case UpstreamResult.Value(ProbeResult.Closed closed) ->
          RevisionAnswers.closed(repo, closed.refusal(), attempt);
      case UpstreamResult.Value(ProbeResult.Granted _) ->
          throw new IllegalStateException("a probe names a commit");
      case UpstreamResult.Refused(var refusal) -> {
        if (refusal.commit().isPresent()) {
          probes.learnInBackground(repo, revision, attempt.as());
        }
        yield new UpstreamResult.Refused<>(refusal);
      }
      case UpstreamResult.Failed(var failure) -> answers.unanswered(repo, failure);
    };
  }

  /** Answers with the commit that the Hub named, or with another one that others are loading. */
  private UpstreamResult<ResolvedRevision> found(
      Authorised<RepoId> proof, Observation<CommitHash> named, ReadAttempt attempt) {
    Optional<Observation<CommitHash>> visible =
        commits
            .revision(proof, attempt.revision())
            .filter(seen -> !seen.value().equals(named.value()));
    if (visible.isEmpty()) {
      return answers.at(proof, named.value(), answers.labels().justLearned(), attempt);
    }
    Observation<CommitHash> seen = visible.get();
    Optional<Observation<CommitHash>> alone =
        !attempt.request().directives().noCache()
            ? Optional.empty()
            : branches.words().isNews(seen, named)
                ? Optional.of(named)
                // A question that began later was answered first.
                : branches.words().named(proof, attempt.revision(), seen, true);
    return alone
        .map(news -> answers.alone(proof, news, false, attempt))
        .orElseGet(() -> answers.at(proof, seen, false, attempt));
  }

  /** Waits as long as the client can, or less if upstream turns out to be down. */
  private <T> Optional<T> await(CompletableFuture<T> question, Deadline deadline) {
    Deadline patience = Deadline.in(DOWN_PATIENCE);
    while (true) {
      Duration left = deadline.left();
      Duration slice = left.compareTo(LOOK_AGAIN) < 0 ? left : LOOK_AGAIN;
      Optional<T> answer = BoundedWait.until(question, slice);
      boolean isDown = patience.left().isZero() && upstream.state() == UpstreamState.DOWN;
      if (answer.isPresent() || isDown || deadline.left().isZero()) {
        return answer;
      }
    }
  }
}
