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
import io.intrahub.store.RepoStore;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.HubUpstream;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamState;
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
final class Revisions {
  private static final Revision MAIN = new Revision("main");

  private final AccessChecker checker;
  private final RepoStore store;
  private final HubUpstream upstream;
  private final Aliases aliases;
  private final ClosedRepos closed;
  private final PendingCommits pending;
  private final Overdue overdue;
  private final Verdicts verdicts;
  private final Questions questions;
  private final ColdQuestions coldQuestions;
  private final Clock clock;
  private final MirrorSettings settings;

  Revisions(
      AccessChecker checker,
      RepoStore store,
      HubUpstream upstream,
      InfoKeeper infos,
      Manifests manifests,
      Executor executor,
      ColdQuestions coldQuestions,
      Clock clock,
      MirrorSettings settings,
      CacheSizes caches) {
    this.checker = checker;
    this.store = store;
    this.upstream = upstream;
    this.aliases = new Aliases(store, clock, settings.aliasTtl());
    this.closed = new ClosedRepos(clock, settings, caches.refusals());
    this.pending =
        new PendingCommits(
            clock, settings.quiet(), settings.quietAtMost(), caches.pendingCommits());
    this.overdue = new Overdue(settings.staleTimeout());
    this.verdicts =
        new Verdicts(checker, upstream, clock, settings.headTimeout(), caches.renewals());
    this.questions =
        new Questions(
            checker, store, upstream, infos, manifests, aliases, closed, pending, executor, clock);
    this.coldQuestions = coldQuestions;
    this.clock = clock;
    this.settings = settings;
  }

  /** The way to ask that suits every route but resolve: one call for repo info. */
  Questions.Cold byRepoInfo(Revision revision, Caller caller) {
    return questions.byRepoInfo(revision, caller);
  }

  /**
   * Locates a revision.
   *
   * @param cold how to ask when nothing is known
   * @param deadline how long to wait for upstream when nothing is known; for the Hub's word on a
   *     verdict that has run out a client waits longer if need be, see {@link Verdicts}
   * @param noCache whether the client wants upstream asked
   */
  Located locate(
      RepoId asked, Revision revision, Questions.Cold cold, Deadline deadline, boolean noCache) {
    RepoId repo = aliases.canonical(asked, upstream.isAway());
    Optional<Authorised<RepoId>> proof = checker.remembered(repo);
    if (proof.isPresent()) {
      return locateOpen(proof.get(), revision, cold, deadline, noCache);
    }
    Optional<Located.NotKept> known = closed.get(repo);
    if (known.isPresent()) {
      return known.get();
    }
    RepoId kept = aliases.canonical(asked, true);
    if (checker.isKnown(kept)) {
      return locateLapsed(kept, repo, revision, cold, deadline, noCache);
    }
    if (upstream.state() != UpstreamState.REACHABLE) {
      return new Located.Failed(upstream.whyNot());
    }
    return ask(repo, revision, cold, deadline);
  }

  /** The verdict has run out: the Hub is asked before anything is served. */
  private Located locateLapsed(
      RepoId kept,
      RepoId asked,
      Revision revision,
      Questions.Cold cold,
      Deadline deadline,
      boolean noCache) {
    // An old name may have run out instead.
    boolean lapsed = checker.remembered(kept).isEmpty();
    // Of the two that any repo may have, the one that also answers what the client asks.
    Revision own = revision.equals(MAIN) ? MAIN : Revision.DEFAULT;
    return switch (verdicts.ask(kept, () -> questions.confirmVerdict(asked, own))) {
      case Verdicts.Word.Readable(var proof, var commit) -> {
        if (lapsed && pending.isQuiet(proof.subject(), own)) {
          // No load is under way that could mix the old commit with this one.
          questions.show(proof.subject(), own, new Observation<>(commit, clock.instant()));
        }
        yield locateOpen(proof, revision, cold, deadline, noCache);
      }
      case Verdicts.Word.Missing(var proof, var why) -> locateStale(proof, revision, why);
      case Verdicts.Word.Unknown(var why) -> unanswered(asked, why);
      case Verdicts.Word.Other(Learned.Closed shut) -> {
        if (!kept.equals(asked)) {
          // The refusal ended no verdict but one of the old name. Asked under its own name, or an
          // outage would make the repo readable again.
          var _ = questions.confirmVerdict(kept, own);
        }
        yield new Located.NotKept(asked, shut.refusal());
      }
      case Verdicts.Word.Other(Learned.Missing missing) -> new Located.Refused(missing.refusal());
      case Verdicts.Word.Other(var learned) ->
          throw new IllegalStateException("no word: " + learned);
    };
  }

  /** Whatever is served under a verdict that has run out is labelled as stale. */
  private Located locateStale(Authorised<RepoId> proof, Revision revision, UpstreamFailure why) {
    Optional<CommitHash> commit = revision.asCommit();
    if (commit.isPresent()) {
      return new Located.At(proof, commit.get(), forEver(true));
    }
    showIfDue(proof.subject(), revision);
    pending.shown(proof.subject(), revision);
    return store
        .revision(proof, revision)
        .<Located>map(seen -> at(proof, seen, true))
        .orElseGet(() -> unanswered(proof.subject(), why));
  }

  private void showIfDue(RepoId repo, Revision revision) {
    pending.asked(repo, revision, due -> store.putRevision(repo, revision, due));
  }

  private Located locateOpen(
      Authorised<RepoId> proof,
      Revision revision,
      Questions.Cold cold,
      Deadline deadline,
      boolean noCache) {
    RepoId repo = proof.subject();
    Optional<CommitHash> commit = revision.asCommit();
    if (commit.isPresent()) {
      // No revision is refreshed here, which would renew the verdict by the way.
      renewAhead(repo);
      return new Located.At(proof, commit.get(), forEver(false));
    }
    showIfDue(repo, revision);
    Optional<Observation<CommitHash>> seen = store.revision(proof, revision);
    Freshness.Decision decision = decide(seen, noCache);
    if (noCache
        && decision == Freshness.Decision.REVALIDATE
        && coldQuestions.charge(cold.caller()).isPresent()) {
      // Whoever has asked the Hub too much gets what anybody else gets.
      decision = decide(seen, false);
    }
    return switch (decision) {
      case SERVE -> {
        renewAhead(repo);
        yield at(proof, seen.orElseThrow(), false);
      }
      case SERVE_STALE -> {
        pending.shown(repo, revision);
        yield at(proof, seen.orElseThrow(), true);
      }
      case SERVE_AND_REFRESH -> {
        var _ = questions.refresh(repo, revision, cold.caller().client());
        yield at(proof, seen.orElseThrow(), false);
      }
      case REVALIDATE ->
          revalidate(proof, revision, seen.orElseThrow(), noCache, cold.caller().client());
      case FETCH -> ask(repo, revision, cold, deadline);
      case REFUSE -> new Located.Failed(upstream.whyNot());
    };
  }

  private void renewAhead(RepoId repo) {
    verdicts.renewAhead(repo, () -> questions.confirmVerdict(repo, Revision.DEFAULT));
  }

  private Freshness.Decision decide(Optional<Observation<CommitHash>> seen, boolean noCache) {
    return Freshness.decide(
        clock.instant(), seen, settings.revisions(), asAsked(upstream.state()), noCache);
  }

  /**
   * Asks upstream about a revision again, and waits for the answer as long as one client does. A
   * new commit is shown if the load that asks began no earlier than {@code since}, so that nobody
   * in it was told the old one.
   *
   * @param client that asks
   */
  void confirm(Authorised<RepoId> proof, Revision revision, Instant since, String client) {
    RepoId repo = proof.subject();
    if (overdue.await(repo, questions.refresh(repo, revision, client)).isPresent()) {
      pending.unseen(repo, revision, since, due -> store.putRevision(repo, revision, due));
    }
  }

  /** The present moment, for {@link #confirm}. */
  Instant now() {
    return clock.instant();
  }

  /** Asks again for a revision that may have moved; what is there serves if upstream is slow. */
  private Located revalidate(
      Authorised<RepoId> proof,
      Revision revision,
      Observation<CommitHash> seen,
      boolean showAtOnce,
      String client) {
    RepoId repo = proof.subject();
    Optional<Learned> learned = overdue.await(repo, questions.refresh(repo, revision, client));
    if (learned.isEmpty()) {
      pending.shown(repo, revision);
      return at(proof, seen, true);
    }
    return switch (learned.get()) {
      case Learned.Open open -> {
        if (showAtOnce) {
          questions.show(repo, revision, new Observation<>(open.commit(), clock.instant()));
        } else {
          // Nobody was told the old commit lately, so no load can mix it with the new one.
          Instant old =
              seen.learnedAt()
                  .plus(settings.revisions().ttl())
                  .plus(settings.revisions().staleWhileRevalidate());
          pending.unseen(repo, revision, old, due -> store.putRevision(repo, revision, due));
        }
        yield at(proof, store.revision(proof, revision).orElse(seen), false);
      }
      case Learned.Closed shut -> new Located.NotKept(repo, shut.refusal());
      case Learned.Missing missing -> new Located.Refused(missing.refusal());
      case Learned.Nothing _ -> {
        pending.shown(repo, revision);
        yield at(proof, seen, true);
      }
    };
  }

  private Located ask(RepoId repo, Revision revision, Questions.Cold cold, Deadline deadline) {
    ColdQuestions.Admission admission = coldQuestions.admission(cold.caller());
    Optional<Learned> learned;
    do {
      Optional<CompletableFuture<Learned>> question =
          questions.ask(repo, revision, cold, admission::begin);
      if (question.isEmpty()) {
        return new Located.Failed(admission.refusal());
      }
      learned = Waiting.until(question.get(), deadline.left());
      // Another client's question may have failed because its own share of memory is used up.
    } while (learned.filter(Learned::isCrowded).isPresent()
        && !admission.isBegun()
        && !deadline.left().isZero());
    if (learned.isEmpty()) {
      return new Located.Failed(Failures.late(upstream, deadline.whole()));
    }
    return switch (learned.get()) {
      case Learned.Open open ->
          checker
              .admit(open.evidence())
              .<Located>map(proof -> new Located.At(proof, open.commit(), justLearned()))
              // Refused since the question began: the client's own call is asked about upstream.
              .orElseGet(() -> new Located.NotKept(repo, Optional.empty()));
      case Learned.Closed shut -> new Located.NotKept(repo, shut.refusal());
      case Learned.Missing missing -> {
        if (missing.refusal().commit().isPresent()) {
          questions.learnBehind(repo, revision, cold.caller().client());
        }
        yield new Located.Refused(missing.refusal());
      }
      case Learned.Nothing nothing -> unanswered(repo, nothing.failure());
    };
  }

  /** Another endpoint may have it. What that says is passed through and proves nothing. */
  private Located unanswered(RepoId repo, UpstreamFailure failure) {
    return upstream.hasFallback()
        ? new Located.NotKept(repo, Optional.empty())
        : new Located.Failed(failure);
  }

  /**
   * An anonymous content call was refused for the whole repo: what was believed no longer holds.
   */
  void refused(RepoId repo, FirstHop.Refusal refusal) {
    questions.shut(repo, new Learned.Closed(Optional.of(refusal)));
  }

  /** Upstream refused a repo, of which nothing is kept, to this asker and their own token. */
  void refusedTo(RepoId repo, Caller caller, FirstHop.Refusal refusal) {
    closed.putFor(repo, caller, refusal);
  }

  /** What upstream lately said to this asker of a repo of which nothing is kept. */
  Optional<FirstHop.Refusal> refusalOf(RepoId repo, Caller caller) {
    return closed.getFor(repo, caller);
  }

  /** Upstream shows the repo to an anonymous asker, but says that not everybody may read it. */
  void closed(RepoId repo) {
    questions.shut(repo, new Learned.Closed(Optional.empty()));
  }

  private Located.At at(
      Authorised<RepoId> proof, Observation<CommitHash> observation, boolean stale) {
    Instant now = clock.instant();
    Duration age = Duration.between(observation.learnedAt(), now);
    return new Located.At(
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

  private static CacheLabel forEver(boolean stale) {
    return new CacheLabel(CacheLabel.Source.HIT, Optional.empty(), Optional.empty(), stale);
  }

  private static Freshness.Upstream asAsked(UpstreamState state) {
    return switch (state) {
      case REACHABLE -> Freshness.Upstream.REACHABLE;
      case DOWN -> Freshness.Upstream.DOWN;
      case OFFLINE -> Freshness.Upstream.OFFLINE;
    };
  }
}
