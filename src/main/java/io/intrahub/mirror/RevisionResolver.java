package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authorised;
import io.intrahub.access.Caller;
import io.intrahub.base.CacheSizes;
import io.intrahub.base.Deadline;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Freshness;
import io.intrahub.policy.Observation;
import io.intrahub.policy.UpstreamState;
import io.intrahub.store.RepoStore;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.HubUpstream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * From what a client asks to a commit, and to the proof that everybody may read it. One observation
 * per repo and revision serves every route, so that resolve, repo info and listings agree.
 *
 * <p>Safe for use by many threads. Owned state: the pending commits.
 */
final class RevisionResolver {
  private static final Revision MAIN = new Revision("main");

  private final AccessChecker checker;
  private final RepoStore store;
  private final HubUpstream upstream;
  private final RepoAliases aliases;
  private final RefusedRepos markNotPublic;
  private final PendingCommits pending;
  private final SlowUpstreamGuard slowUpstream;
  private final Verdicts verdicts;
  private final RevisionProbes probes;
  private final ColdQuestionLimiter coldQuestionLimiter;
  private final Clock clock;
  private final MirrorSettings settings;

  RevisionResolver(
      AccessChecker checker,
      RepoStore store,
      HubUpstream upstream,
      RepoInfoFetcher infos,
      ManifestLoader manifests,
      Executor executor,
      ColdQuestionLimiter coldQuestionLimiter,
      Clock clock,
      MirrorSettings settings,
      CacheSizes caches) {
    this.checker = checker;
    this.store = store;
    this.upstream = upstream;
    this.aliases = new RepoAliases(store, clock, settings.aliasTtl());
    this.markNotPublic = new RefusedRepos(clock, settings, caches.refusals());
    this.pending =
        new PendingCommits(
            clock, settings.quiet(), settings.quietAtMost(), caches.pendingCommits());
    this.slowUpstream = new SlowUpstreamGuard(settings.staleTimeout());
    this.verdicts =
        new Verdicts(checker, upstream, clock, settings.headTimeout(), caches.renewals());
    this.probes =
        new RevisionProbes(
            checker,
            store,
            upstream,
            infos,
            manifests,
            aliases,
            markNotPublic,
            pending,
            executor,
            clock);
    this.coldQuestionLimiter = coldQuestionLimiter;
    this.clock = clock;
    this.settings = settings;
  }

  /** The way to ask that suits every route but resolve: one call for repo info. */
  RevisionProbes.Probe byRepoInfo(RevisionRequest request) {
    return probes.byRepoInfo(request.revision(), request.caller().client());
  }

  /**
   * Resolves the revision that a client asks about. The caller is charged for what upstream is
   * asked because of it.
   *
   * @param probe how to ask when nothing is known
   * @param deadline how long to wait for upstream when nothing is known; for the Hub's word on a
   *     verdict that has run out a client waits longer if need be, see {@link Verdicts}
   */
  UpstreamResult<ResolvedRevision> resolve(
      RevisionRequest request, RevisionProbes.Probe probe, Deadline deadline) {
    RepoId repo = aliases.canonical(request.repo(), upstream.isUnavailable());
    Optional<Authorised<RepoId>> proof = checker.remembered(repo);
    if (proof.isPresent()) {
      return resolvePublic(proof.get(), request, probe, deadline);
    }
    Optional<ResolvedRevision.NotKept> known = markNotPublic.get(repo);
    if (known.isPresent()) {
      return new UpstreamResult.Value<>(known.get());
    }
    RepoId kept = aliases.canonical(request.repo(), true);
    if (checker.isKnown(kept)) {
      return resolveLapsed(kept, repo, request, probe, deadline);
    }
    if (upstream.state() != UpstreamState.REACHABLE) {
      return new UpstreamResult.Failed<>(upstream.unavailableReason());
    }
    return ask(repo, request, probe, deadline);
  }

  /**
   * The verdict has run out: the Hub is asked before anything is served.
   *
   * @param kept the name under which the verdict is kept
   * @param repo the name to ask the Hub about: the same, or an alias that has run out
   */
  private UpstreamResult<ResolvedRevision> resolveLapsed(
      RepoId kept,
      RepoId repo,
      RevisionRequest request,
      RevisionProbes.Probe probe,
      Deadline deadline) {
    // An old name may have run out instead.
    boolean lapsed = checker.remembered(kept).isEmpty();
    // Of the two that any repo may have, the one that also answers what the client asks.
    Revision own = request.revision().equals(MAIN) ? MAIN : Revision.DEFAULT;
    return switch (verdicts.ask(kept, () -> probes.confirmVerdict(repo, own))) {
      case Verdicts.Renewal.Readable(var proof, var commit) -> {
        if (lapsed && pending.isQuiet(proof.subject(), own)) {
          // No load is under way that could mix the old commit with this one.
          probes.show(proof.subject(), own, new Observation<>(commit, clock.instant()));
        }
        yield resolvePublic(proof, request, probe, deadline);
      }
      case Verdicts.Renewal.Missing(var proof, var why) ->
          resolveStale(proof, request.revision(), why);
      case Verdicts.Renewal.Unknown(var why) -> unanswered(repo, why);
      case Verdicts.Renewal.Other(UpstreamResult.Value(ProbeResult.Closed notPublic)) -> {
        if (!kept.equals(repo)) {
          // The refusal ended no verdict but one of the old name. Asked under its own name, or an
          // outage would make the repo readable again.
          var _ = probes.confirmVerdict(kept, own);
        }
        yield notKept(repo, notPublic.refusal());
      }
      case Verdicts.Renewal.Other(UpstreamResult.Refused<ProbeResult> refused) -> refused.as();
      case Verdicts.Renewal.Other(var probed) ->
          throw new IllegalStateException("no word: " + probed);
    };
  }

  /** Whatever is served under a verdict that has run out is labelled as stale. */
  private UpstreamResult<ResolvedRevision> resolveStale(
      Authorised<RepoId> proof, Revision revision, UpstreamFailure why) {
    Optional<CommitHash> commit = revision.asCommit();
    if (commit.isPresent()) {
      return at(proof, commit.get(), immutableLabel(true));
    }
    showIfDue(proof.subject(), revision);
    pending.oldCommitServed(proof.subject(), revision);
    return store
        .revision(proof, revision)
        .map(seen -> at(proof, seen, true))
        .orElseGet(() -> unanswered(proof.subject(), why));
  }

  private void showIfDue(RepoId repo, Revision revision) {
    pending.requested(repo, revision, due -> store.putRevision(repo, revision, due));
  }

  private UpstreamResult<ResolvedRevision> resolvePublic(
      Authorised<RepoId> proof,
      RevisionRequest request,
      RevisionProbes.Probe probe,
      Deadline deadline) {
    RepoId repo = proof.subject();
    Revision revision = request.revision();
    Optional<CommitHash> commit = revision.asCommit();
    if (commit.isPresent()) {
      // No revision is refreshed here, which would renew the verdict by the way.
      renewAhead(repo);
      return at(proof, commit.get(), immutableLabel(false));
    }
    showIfDue(repo, revision);
    Optional<Observation<CommitHash>> seen = store.revision(proof, revision);
    Freshness.Decision decision = decide(seen, request.noCache());
    if (request.noCache()
        && decision == Freshness.Decision.REVALIDATE
        && coldQuestionLimiter.charge(request.caller()).isPresent()) {
      // Whoever has asked the Hub too much gets what anybody else gets.
      decision = decide(seen, false);
    }
    return switch (decision) {
      case SERVE -> {
        renewAhead(repo);
        yield at(proof, seen.orElseThrow(), false);
      }
      case SERVE_STALE -> {
        pending.oldCommitServed(repo, revision);
        yield at(proof, seen.orElseThrow(), true);
      }
      case SERVE_AND_REFRESH -> {
        var _ = probes.refresh(repo, revision, request.caller().client());
        yield at(proof, seen.orElseThrow(), false);
      }
      case REVALIDATE -> revalidate(proof, request, seen.orElseThrow());
      case FETCH -> ask(repo, request, probe, deadline);
      case REFUSE -> new UpstreamResult.Failed<>(upstream.unavailableReason());
    };
  }

  private void renewAhead(RepoId repo) {
    verdicts.renewAhead(repo, () -> probes.confirmVerdict(repo, Revision.DEFAULT));
  }

  private Freshness.Decision decide(Optional<Observation<CommitHash>> seen, boolean noCache) {
    return Freshness.decide(clock.instant(), seen, settings.revisions(), upstream.state(), noCache);
  }

  /**
   * Asks upstream about a revision again, and waits for the answer as long as one client does. A
   * new commit is shown if the load that asks began no earlier than {@code since}, so that nobody
   * in it was told the old one.
   */
  void confirm(Authorised<RepoId> proof, RevisionRequest request, Instant since) {
    RepoId repo = proof.subject();
    Revision revision = request.revision();
    String client = request.caller().client();
    if (slowUpstream.await(repo, probes.refresh(repo, revision, client)).isPresent()) {
      pending.showIfUnseen(repo, revision, since, due -> store.putRevision(repo, revision, due));
    }
  }

  /** The present moment, for {@link #confirm}. */
  Instant now() {
    return clock.instant();
  }

  /** Asks again for a revision that may have moved; what is there serves if upstream is slow. */
  private UpstreamResult<ResolvedRevision> revalidate(
      Authorised<RepoId> proof, RevisionRequest request, Observation<CommitHash> seen) {
    RepoId repo = proof.subject();
    Revision revision = request.revision();
    String client = request.caller().client();
    Optional<UpstreamResult<ProbeResult>> learned =
        slowUpstream.await(repo, probes.refresh(repo, revision, client));
    if (learned.isEmpty()) {
      pending.oldCommitServed(repo, revision);
      return at(proof, seen, true);
    }
    return switch (learned.get()) {
      case UpstreamResult.Value(ProbeResult.Open open) -> {
        if (request.noCache()) {
          probes.show(repo, revision, new Observation<>(open.commit(), clock.instant()));
        } else {
          // Nobody was told the old commit lately, so no load can mix it with the new one.
          Instant old = seen.learnedAt().plus(settings.revisions().servedFor());
          pending.showIfUnseen(repo, revision, old, due -> store.putRevision(repo, revision, due));
        }
        yield at(proof, store.revision(proof, revision).orElse(seen), false);
      }
      case UpstreamResult.Value(ProbeResult.Closed notPublic) -> notKept(repo, notPublic.refusal());
      case UpstreamResult.Refused<ProbeResult> refused -> refused.as();
      case UpstreamResult.Failed(_) -> {
        pending.oldCommitServed(repo, revision);
        yield at(proof, seen, true);
      }
    };
  }

  private UpstreamResult<ResolvedRevision> ask(
      RepoId repo, RevisionRequest request, RevisionProbes.Probe probe, Deadline deadline) {
    Revision revision = request.revision();
    ColdQuestionLimiter.Admission admission = coldQuestionLimiter.admission(request.caller());
    Optional<UpstreamResult<ProbeResult>> learned;
    do {
      Optional<CompletableFuture<UpstreamResult<ProbeResult>>> question =
          probes.ask(repo, revision, probe, admission::begin);
      if (question.isEmpty()) {
        return new UpstreamResult.Failed<>(admission.refusal());
      }
      learned = BoundedWait.until(question.get(), deadline.left());
      // Another client's question may have failed because its own share of memory is used up.
    } while (learned.filter(UpstreamResult::isBusy).isPresent()
        && !admission.isBegun()
        && !deadline.left().isZero());
    if (learned.isEmpty()) {
      return new UpstreamResult.Failed<>(UpstreamErrors.timedOut(upstream, deadline.whole()));
    }
    return switch (learned.get()) {
      case UpstreamResult.Value(ProbeResult.Open open) ->
          checker
              .admit(open.evidence())
              .map(proof -> at(proof, open.commit(), justLearned()))
              // Refused since the question began: the client's own call is asked about upstream.
              .orElseGet(() -> notKept(repo, Optional.empty()));
      case UpstreamResult.Value(ProbeResult.Closed notPublic) -> notKept(repo, notPublic.refusal());
      case UpstreamResult.Refused(var refusal) -> {
        if (refusal.commit().isPresent()) {
          probes.learnInBackground(repo, revision, request.caller().client());
        }
        yield new UpstreamResult.Refused<>(refusal);
      }
      case UpstreamResult.Failed(var failure) -> unanswered(repo, failure);
    };
  }

  /** Another endpoint may have it. What that says is passed through and proves nothing. */
  private UpstreamResult<ResolvedRevision> unanswered(RepoId repo, UpstreamFailure failure) {
    return upstream.hasFallback()
        ? notKept(repo, Optional.empty())
        : new UpstreamResult.Failed<>(failure);
  }

  /**
   * An anonymous content call was refused for the whole repo: what was believed no longer holds.
   */
  void refused(RepoId repo, HubRefusal refusal) {
    probes.rememberNotPublic(repo, new ProbeResult.Closed(Optional.of(refusal)));
  }

  /** Upstream refused a repo, of which nothing is kept, to this client and their own token. */
  void rememberRefusal(RepoId repo, Caller caller, HubRefusal refusal) {
    markNotPublic.putFor(repo, caller, refusal);
  }

  /** What upstream lately said to this client of a repo of which nothing is kept. */
  Optional<HubRefusal> refusalOf(RepoId repo, Caller caller) {
    return markNotPublic.getFor(repo, caller);
  }

  /** Upstream shows the repo to an anonymous client, but says that not everybody may read it. */
  void markNotPublic(RepoId repo) {
    probes.rememberNotPublic(repo, new ProbeResult.Closed(Optional.empty()));
  }

  private static UpstreamResult<ResolvedRevision> notKept(
      RepoId repo, Optional<HubRefusal> refusal) {
    return new UpstreamResult.Value<>(new ResolvedRevision.NotKept(repo, refusal));
  }

  private static UpstreamResult<ResolvedRevision> at(
      Authorised<RepoId> proof, CommitHash commit, CacheLabel label) {
    return new UpstreamResult.Value<>(new ResolvedRevision.At(proof, commit, label));
  }

  private UpstreamResult<ResolvedRevision> at(
      Authorised<RepoId> proof, Observation<CommitHash> observation, boolean stale) {
    Instant now = clock.instant();
    Duration age = Duration.between(observation.learnedAt(), now);
    return at(
        proof,
        observation.value(),
        new CacheLabel(
            CacheLabel.Source.HIT,
            Optional.of(settings.revisions().ttl().minus(age)),
            Optional.of(age.isNegative() ? Duration.ZERO : age),
            stale));
  }

  private CacheLabel justLearned() {
    return new CacheLabel(
        CacheLabel.Source.MISS, Optional.of(settings.revisions().ttl()), Optional.empty(), false);
  }

  private static CacheLabel immutableLabel(boolean stale) {
    return new CacheLabel(CacheLabel.Source.HIT, Optional.empty(), Optional.empty(), stale);
  }
}
