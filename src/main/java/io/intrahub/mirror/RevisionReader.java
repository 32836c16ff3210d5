package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authorised;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.CacheDirectives;
import io.intrahub.policy.Freshness;
import io.intrahub.policy.Observation;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.HubUpstream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Finds the commit of a revision in the name of one authority: from the store under a grant of that
 * authority, else by asking upstream as it.
 *
 * <p>Safe for use by many threads.
 */
final class RevisionReader {
  private final AccessChecker checker;
  private final KnownCommits commits;
  private final HubUpstream upstream;
  private final BranchCommits branches;
  private final SlowUpstreamGuard slowUpstream;
  private final GrantRenewals renewals;
  private final GrantQuestions questions;
  private final RevisionProbes probes;
  private final ColdQuestionLimiter coldQuestionLimiter;
  private final Clock clock;
  private final MirrorSettings settings;
  private final RevisionAnswers answers;
  private final UpstreamAnswering answering;
  private final ColdRevisions cold;

  RevisionReader(
      AccessChecker checker,
      KnownCommits commits,
      HubUpstream upstream,
      BranchCommits branches,
      SlowUpstreamGuard slowUpstream,
      GrantRenewals renewals,
      GrantQuestions questions,
      RevisionProbes probes,
      ColdQuestionLimiter coldQuestionLimiter,
      Clock clock,
      MirrorSettings settings) {
    this.checker = checker;
    this.commits = commits;
    this.upstream = upstream;
    this.branches = branches;
    this.slowUpstream = slowUpstream;
    this.renewals = renewals;
    this.questions = questions;
    this.probes = probes;
    this.coldQuestionLimiter = coldQuestionLimiter;
    this.clock = clock;
    this.settings = settings;
    Duration ttl = settings.revisions().ttl();
    this.answering = new UpstreamAnswering(upstream, branches, questions, slowUpstream, ttl);
    this.answers =
        new RevisionAnswers(upstream, branches, answering, new RevisionLabels(checker, clock, ttl));
    this.cold =
        new ColdRevisions(
            checker, commits, upstream, probes, coldQuestionLimiter, branches, answers);
  }

  /** Asks about a repo for which no grant is known. */
  UpstreamResult<ResolvedRevision> ask(RepoId repo, ReadAttempt attempt) {
    return cold.ask(repo, attempt, Optional.empty());
  }

  /** Answers from the store, and asks upstream about the revision if that is due. */
  UpstreamResult<ResolvedRevision> resolveGranted(Authorised<RepoId> proof, ReadAttempt attempt) {
    RepoId repo = proof.subject();
    Revision revision = attempt.revision();
    Optional<CommitHash> commit = revision.asCommit();
    CacheDirectives asked = attempt.request().directives();
    if (commit.isPresent()) {
      // No revision is refreshed here, which would renew the grant by the way.
      renew(repo, attempt);
      return answers.at(proof, commit.get(), RevisionLabels.immutable(false), attempt);
    }
    if (!asked.onlyIfCached()) {
      answering.find(proof, attempt);
    }
    Optional<Observation<CommitHash>> demanded = demanded(proof, attempt);
    if (demanded.isPresent()) {
      if (coldQuestionLimiter.charge(attempt.request().caller()).isEmpty()) {
        return revalidate(proof, attempt, demanded.get(), true);
      }
      // Whoever has asked the Hub too much causes no call that anybody else would not.
      asked = asked.withoutDemand();
    }
    branches.requested(proof, revision, answering.isKnown(proof, revision));
    Instant known = branches.notes().learnedAt(repo, revision);
    Optional<Observation<CommitHash>> seen = commits.revision(proof, revision);
    return switch (decide(attempt, seen, asked)) {
      case SERVE -> {
        renew(repo, attempt);
        noteOld(proof, revision, seen.orElseThrow());
        yield known(proof, attempt, seen.orElseThrow());
      }
      case SERVE_STALE -> {
        branches.loads().oldCommitServed(proof, revision);
        yield answers.at(proof, seen.orElseThrow(), true, attempt);
      }
      case SERVE_AND_REFRESH -> {
        questions.refreshUnlessLearned(repo, attempt, known);
        noteOld(proof, revision, seen.orElseThrow());
        yield known(proof, attempt, seen.orElseThrow());
      }
      case REVALIDATE -> revalidate(proof, attempt, seen.orElseThrow(), false);
      case FETCH ->
          answering.orDeleted(cold.ask(repo, attempt, Optional.of(proof)), repo, revision);
      case REFUSE ->
          asked.onlyIfCached()
              ? OnlyStored.notStored(attempt.request())
              : answering.orDeleted(
                  upstream.health().mayAsk()
                      ? cold.ask(repo, attempt, Optional.of(proof))
                      : new UpstreamResult.Failed<>(upstream.unavailableReason()),
                  repo,
                  revision);
    };
  }

  /**
   * Asks the Hub for a grant that has run out, or is not there, before anything is served.
   *
   * @param kept the name under which the grant is kept
   * @param repo the name to ask the Hub about: the same, or an alias that has run out
   * @param admission charged with the question; empty: it is the mirror's own
   */
  UpstreamResult<ResolvedRevision> resolveUngranted(
      RepoId kept,
      RepoId repo,
      ReadAttempt attempt,
      Optional<ColdQuestionLimiter.Admission> admission) {
    // An old name may have run out instead.
    boolean lapsed = checker.remembered(attempt.grant(kept)).isEmpty();
    // Of the two that any repo may have, the one that also answers what the client asks.
    Revision own = attempt.revision().equals(Revision.MAIN) ? Revision.MAIN : Revision.DEFAULT;
    return switch (renewals.ask(
        attempt.grant(kept),
        attempt.as().via().size(),
        () -> questions.ask(attempt.grant(repo), own, attempt.as(), admission))) {
      case GrantRenewal.Readable(var proof, var commit) -> {
        admission.ifPresent(ColdQuestionLimiter.Admission::refund);
        if (lapsed && commit.isPresent() && branches.loads().isQuiet(proof, own)) {
          // No load is under way that could mix the old commit with this one.
          var _ =
              slowUpstream.await(
                  proof.subject(), probes.learnMove(proof, own, commit.get(), attempt.as()));
          branches.showIfQuiet(proof, own, settings.staleTimeout());
        }
        yield resolveGranted(proof, attempt);
      }
      case GrantRenewal.Missing(var proof, var why) -> resolveStale(proof, attempt, why);
      case GrantRenewal.Unknown(var why) -> answers.unanswered(repo, why);
      case GrantRenewal.Other(UpstreamResult.Value(ProbeResult.Closed closed)) -> {
        if (!kept.equals(repo)) {
          // The refusal ended no grant but one of the old name. Asked under its own name, or an
          // outage would make the repo readable again.
          var _ = questions.ask(attempt.grant(kept), own, attempt.as(), Optional.empty());
        }
        yield RevisionAnswers.closed(repo, closed.refusal(), attempt);
      }
      case GrantRenewal.Other(UpstreamResult.Refused<ProbeResult> refused) -> refused.as();
      case GrantRenewal.Other(var probed) -> throw new IllegalStateException("no word: " + probed);
    };
  }

  /** Whatever is served under a grant that has run out is labelled as stale. */
  private UpstreamResult<ResolvedRevision> resolveStale(
      Authorised<RepoId> proof, ReadAttempt attempt, UpstreamFailure why) {
    Revision revision = attempt.revision();
    if (revision.asCommit().isPresent()) {
      return answers.at(proof, revision.asCommit().get(), RevisionLabels.immutable(true), attempt);
    }
    branches.requested(proof, revision, false);
    branches.loads().oldCommitServed(proof, revision);
    return commits
        .revision(proof, revision)
        .map(seen ->
            lastWord(proof, attempt, seen, true)
                .orElseGet(() -> answers.at(proof, seen, true, attempt)))
        .orElseGet(() -> answers.unanswered(proof.subject(), why));
  }

  /**
   * Answers from what is stored of a repo that upstream no longer has.
   *
   * @param since when upstream said so
   * @return empty if its commit is not known
   */
  Optional<UpstreamResult<ResolvedRevision>> resolveRemoved(
      Authorised<RepoId> proof, ReadAttempt attempt, Instant since) {
    Revision revision = attempt.revision();
    return revision
        .asCommit()
        .map(commit ->
            answers.at(proof, commit, RevisionLabels.immutable(true).withRemoved(since), attempt))
        .or(() ->
            commits
                .revision(proof, revision)
                .map(seen ->
                    answers.at(
                        proof,
                        seen.value(),
                        answers.labels().of(seen, true).withRemoved(since),
                        attempt)));
  }

  private Freshness.Decision decide(
      ReadAttempt attempt, Optional<Observation<CommitHash>> seen, CacheDirectives asked) {
    return Freshness.decide(
        clock.instant(),
        seen.map(Observation::learnedAt),
        settings.revisions(),
        upstream.state(attempt.authority()),
        asked);
  }

  /** Renews the grant in time, unless the client wants no call made. */
  private void renew(RepoId repo, ReadAttempt attempt) {
    if (!attempt.request().directives().onlyIfCached()) {
      questions.renew(repo, attempt);
    }
  }

  /** A client that accepts an old answer gets one when others would wait for upstream. */
  private void noteOld(Authorised<RepoId> proof, Revision revision, Observation<CommitHash> seen) {
    Duration served = settings.revisions().servedFor();
    if (!Freshness.isWithin(seen.learnedAt(), served, clock.instant())) {
      branches.loads().oldCommitServed(proof, revision);
    }
  }

  /**
   * What is known, if the Hub has to be asked for no other reason than that the client wants its
   * word. Such a request is put to the Hub before it counts as part of a load, so that the commit
   * that the Hub names may become visible to all if there is no load.
   */
  private Optional<Observation<CommitHash>> demanded(
      Authorised<RepoId> proof, ReadAttempt attempt) {
    CacheDirectives asked = attempt.request().directives();
    CacheDirectives undemanding = asked.withoutDemand();
    if (asked.equals(undemanding)) {
      return Optional.empty();
    }
    Optional<Observation<CommitHash>> seen = commits.revision(proof, attempt.revision());
    return seen.filter(_ ->
        decide(attempt, seen, asked) == Freshness.Decision.REVALIDATE
            && (asked.noCache()
                || decide(attempt, seen, undemanding) != Freshness.Decision.REVALIDATE));
  }

  /** Answers with what is known, or with the last commit that the Hub named. */
  private UpstreamResult<ResolvedRevision> known(
      Authorised<RepoId> proof, ReadAttempt attempt, Observation<CommitHash> seen) {
    return lastWord(proof, attempt, seen, false)
        .orElseGet(() -> answers.at(proof, seen, false, attempt));
  }

  /**
   * Answers a client that wants the Hub's word with the last commit that the Hub named, if all
   * others see another one and the Hub does not answer now, or is not asked: else the load of that
   * client would mix the two.
   *
   * @param stale whether the Hub should have been asked
   */
  private Optional<UpstreamResult<ResolvedRevision>> lastWord(
      Authorised<RepoId> proof, ReadAttempt attempt, Observation<CommitHash> seen, boolean stale) {
    boolean reachable = answering.isKnown(proof, attempt.revision());
    return Optional.of(attempt.request().directives())
        .filter(CacheDirectives::noCache)
        .flatMap(_ -> branches.words().named(proof, attempt.revision(), seen, reachable))
        .map(word -> answers.alone(proof, word, stale, attempt));
  }

  /**
   * Asks again for a revision that may have moved; what is there serves if upstream is slow. A
   * client that wants the Hub's word ({@code no-cache}) gets the commit that the Hub names, and
   * alone: all others see it under the rule of {@link BranchCommits}.
   *
   * @param isDemanded whether upstream is asked because the client wants its word; then the request
   *     does not count as part of a load yet
   */
  private UpstreamResult<ResolvedRevision> revalidate(
      Authorised<RepoId> proof,
      ReadAttempt attempt,
      Observation<CommitHash> seen,
      boolean isDemanded) {
    RepoId repo = proof.subject();
    Revision revision = attempt.revision();
    boolean noCache = attempt.request().directives().noCache();
    boolean isWaitedFor =
        noCache
            && branches
                .words()
                .named(proof, revision, seen, answering.isKnown(proof, revision))
                .isPresent();
    // Nobody was told the old commit later without a question, so no load can mix it with another.
    Instant old =
        branches.loads().confirmedAt(proof, revision, seen).plus(settings.revisions().servedFor());
    var learned = slowUpstream.await(repo, questions.refresh(repo, attempt));
    if (learned.isPresent()
        && learned.get() instanceof UpstreamResult.Value(ProbeResult.Open open)) {
      if (attempt.as().isAnonymous() && !isEnough(open, attempt)) {
        return RevisionAnswers.closed(repo, Optional.empty(), attempt);
      }
      // A client that is answered alone need not wait for the files of the commit, or not for each
      // of its requests.
      showUnlessLoading(
          proof, revision, old, isWaitedFor ? Duration.ZERO : settings.staleTimeout());
      Observation<CommitHash> shown = commits.revision(proof, revision).orElse(seen);
      if (noCache && branches.words().isNews(shown, open.commit())) {
        return answers.alone(proof, open.commit(), false, attempt);
      }
    }
    if (isDemanded) {
      branches.requested(proof, revision, answering.isKnown(proof, revision));
    }
    Observation<CommitHash> shown = commits.revision(proof, revision).orElse(seen);
    if (learned.isEmpty()) {
      return unanswered(proof, attempt, shown);
    }
    return switch (learned.get()) {
      case UpstreamResult.Value(ProbeResult.Closed closed) ->
          RevisionAnswers.closed(repo, closed.refusal(), attempt);
      case UpstreamResult.Value(_) -> known(proof, attempt, shown);
      // Like all others, until the Hub has said once more that the revision is deleted.
      case UpstreamResult.Refused(var refusal)
          when refusal.isOfRevision()
              && !noCache
              && branches.deletions().isPending(repo, revision) ->
          answers.at(proof, shown, false, attempt);
      case UpstreamResult.Refused<ProbeResult> refused -> refused.as();
      case UpstreamResult.Failed(_) -> unanswered(proof, attempt, shown);
    };
  }

  /** The Hub gave no answer in time, or none that says anything about the revision. */
  private UpstreamResult<ResolvedRevision> unanswered(
      Authorised<RepoId> proof, ReadAttempt attempt, Observation<CommitHash> shown) {
    return lastWord(proof, attempt, shown, true)
        .orElseGet(() -> {
          branches.loads().oldCommitServed(proof, attempt.revision());
          return answers.at(proof, shown, true, attempt);
        });
  }

  /**
   * Shows a commit that the Hub has just named to all, if no load can mix it with the old one.
   *
   * @param old since when no client was told the commit before without a question
   * @param patience for how long the files of the commit are waited for
   */
  private void showUnlessLoading(
      Authorised<RepoId> proof, Revision revision, Instant old, Duration patience) {
    if (branches.loads().isQuiet(proof, revision)) {
      branches.showIfQuiet(proof, revision, patience);
    } else {
      branches.showIfUnseen(proof, revision, old, patience);
    }
  }

  /** Whether what was seen is as much as the request needs. */
  private static boolean isEnough(ProbeResult.Open open, ReadAttempt attempt) {
    return open.evidence().grant().scope().covers(attempt.scope());
  }
}
