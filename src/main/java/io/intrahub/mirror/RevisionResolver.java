package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authorised;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadScope;
import io.intrahub.base.CacheSizes;
import io.intrahub.base.Deadline;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.UpstreamState;
import io.intrahub.store.RepoStore;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.hub.HubUpstream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * From what a client asks to a commit, and to the proof that the client may read it: because
 * everybody may, or because their token may. One observation per repo and revision serves every
 * route and every client, so that resolve, repo info and listings agree.
 *
 * <p>Safe for use by many threads.
 */
final class RevisionResolver {
  private final AccessChecker checker;
  private final SiteRules rules;
  private final HubUpstream upstream;
  private final RepoAliases aliases;
  private final VisibleNames names;
  private final RefusedRepos refusedRepos;
  private final RemovedRepos removed;
  private final BranchCommits branches;
  private final SlowUpstreamGuard slowUpstream;
  private final RevisionReader reader;
  private final OnlyStored stored;
  private final RevisionProbes probes;
  private final GrantQuestions questions;
  private final ColdQuestionLimiter coldQuestionLimiter;
  private final Clock clock;
  private final Duration staleTimeout;

  RevisionResolver(
      AccessChecker checker,
      SiteRules rules,
      RepoIdentity identity,
      KnownCommits commits,
      HubUpstream upstream,
      RepoInfoFetcher infos,
      ManifestLoader manifests,
      BranchCommits branches,
      Executor executor,
      ColdQuestionLimiter coldQuestionLimiter,
      Clock clock,
      MirrorSettings settings,
      CacheSizes caches) {
    this.checker = checker;
    this.rules = rules;
    this.upstream = upstream;
    RepoStore store = commits.store();
    this.aliases = new RepoAliases(store, clock, settings.aliasTtl());
    this.names = new VisibleNames(checker, aliases);
    this.refusedRepos = new RefusedRepos(clock, settings, caches.refusals());
    this.removed = new RemovedRepos(checker, store, aliases, clock);
    identity.onReplaced(removed::forget);
    identity.onImport(removed::closed);
    this.branches = branches;
    this.slowUpstream = new SlowUpstreamGuard(settings.staleTimeout());
    GrantRenewals renewals =
        new GrantRenewals(checker, upstream, clock, settings.headTimeout(), caches.renewals());
    this.probes =
        new RevisionProbes(
            checker,
            new RepoQuestions(checker, store, upstream, infos, identity, removed, clock),
            manifests,
            aliases,
            refusedRepos,
            removed,
            branches,
            identity,
            executor,
            settings);
    this.questions = new GrantQuestions(checker, renewals, probes);
    this.coldQuestionLimiter = coldQuestionLimiter;
    this.clock = clock;
    this.staleTimeout = settings.staleTimeout();
    this.reader =
        new RevisionReader(
            checker,
            commits,
            upstream,
            branches,
            slowUpstream,
            renewals,
            questions,
            probes,
            coldQuestionLimiter,
            clock,
            settings);
    this.stored = new OnlyStored(checker, rules, refusedRepos, reader);
  }

  /** The way to ask that suits every route but resolve: one call for repo info. */
  RevisionProbes.Probe byRepoInfo(RevisionRequest request) {
    return probes.byRepoInfo(request.revision());
  }

  /**
   * Resolves the revision that a client asks about. The caller is charged for what upstream is
   * asked because of it.
   *
   * @param scope how much of the repo the answer shows
   * @param probe how to ask when nothing is known
   * @param deadline how long to wait for upstream when nothing is known; for the Hub's word on a
   *     grant that has run out a client waits longer if need be, see {@link GrantRenewals}
   */
  UpstreamResult<ResolvedRevision> resolve(
      RevisionRequest request, ReadScope scope, RevisionProbes.Probe probe, Deadline deadline) {
    Optional<UpstreamResult.NoValue<ResolvedRevision>> refused = rules.refuse(request);
    if (refused.isPresent()) {
      return refused.get();
    }
    ReadAttempt anybody =
        new ReadAttempt(request, scope, probe, deadline, request.caller().withoutToken());
    if (rules.exist() && upstream.state() == UpstreamState.OFFLINE) {
      return resolveByRules(anybody);
    }
    Optional<Caller> holder = rules.reader(request.caller(), request.repo());
    UpstreamResult<ResolvedRevision> found =
        request.directives().onlyIfCached() && upstream.state() != UpstreamState.OFFLINE
            ? stored.resolve(canonical(anybody, holder, UpstreamState.DOWN), anybody, holder)
            : removed.orKept(resolve(anybody, holder), anybody, reader);
    return rules.exist()
        ? rules.apply(request, found, canonical(anybody, Optional.empty(), UpstreamState.DOWN))
        : found;
  }

  /** What the operator's rules say about the repo whatever it is; empty: nothing. */
  Optional<UpstreamResult.NoValue<ResolvedRevision>> refusedByRules(RevisionRequest request) {
    return rules.refuse(request);
  }

  /** There is no Hub, so the operator's rules decide alone about what is stored. */
  private UpstreamResult<ResolvedRevision> resolveByRules(ReadAttempt anybody) {
    RepoId repo = aliases.canonical(anybody.request().repo(), UpstreamState.OFFLINE);
    return switch (rules.withoutHub(anybody.request(), repo, removed)) {
      case SiteRules.Decision.Refused(var answer) -> answer;
      case SiteRules.Decision.Allowed(var proof, var restricted) -> {
        UpstreamResult<ResolvedRevision> found = reader.resolveGranted(proof, anybody);
        yield restricted && found instanceof UpstreamResult.Value(ResolvedRevision.At at)
            ? new UpstreamResult.Value<>(at.asRestricted())
            : found;
      }
    };
  }

  /**
   * Resolves a revision for whoever may read it.
   *
   * @param holder in whose name a repo is read that not everybody may read
   */
  private UpstreamResult<ResolvedRevision> resolve(ReadAttempt anybody, Optional<Caller> holder) {
    RepoId repo = canonical(anybody, holder, upstream.authoritativeState());
    UpstreamResult<ResolvedRevision> resolved = resolve(repo, anybody, holder);
    // The repo that the name led to is closed or deleted. The name may belong to another one now.
    return ResolvedRevision.isClosed(resolved)
            && !canonical(anybody, holder, UpstreamState.REACHABLE).equals(repo)
        ? resolve(anybody.request().repo(), anybody, holder)
        : resolved;
  }

  private UpstreamResult<ResolvedRevision> resolve(
      RepoId repo, ReadAttempt anybody, Optional<Caller> holder) {
    Optional<UpstreamResult<ResolvedRevision>> renewed =
        holder.flatMap(h -> resolveGated(repo, anybody.forContent().as(h)));
    if (renewed.isPresent()) {
      return renewed.get();
    }
    Optional<Authorised<RepoId>> proof = checker.remembered(anybody.grant(repo));
    if (proof.isPresent()) {
      UpstreamResult<ResolvedRevision> open = reader.resolveGranted(proof.get(), anybody);
      if (holder.isEmpty() || !ResolvedRevision.isClosed(open)) {
        return open;
      }
      // Everybody's right to it has just ended; that of the holder need not have.
    }
    if (holder.isEmpty()) {
      return resolveForAnybody(repo, anybody);
    }
    ReadAttempt own = anybody.as(holder.get());
    if (rules.exist()) {
      return resolveInOwnName(repo, anybody, own);
    }
    boolean wasGranted = checker.isKnown(own.grant(repo));
    // A token must not hide that a repo is public no longer: see RemovedRepos.
    if (wasGranted && !checker.wasPublic(repo)) {
      UpstreamResult<ResolvedRevision> known = resolveKnown(repo, own);
      if (!(known instanceof UpstreamResult.Refused(var refusal) && refusal.isOfRepo())) {
        return known;
      }
      // The token may not read it any more, but perhaps everybody may.
    }
    UpstreamResult<ResolvedRevision> anybodys = resolveForAnybody(repo, anybody);
    return switch (anybodys) {
      case UpstreamResult.Value(ResolvedRevision.NotKept closed) ->
          wasGranted ? resolveKnown(repo, own) : resolveOwn(closed, own);
      case UpstreamResult.Failed(_) when wasGranted -> resolveKnown(repo, own);
      default -> anybodys;
    };
  }

  /**
   * A load of a gated repo begins with its metadata, which everybody may read, and goes on with its
   * content. If the token's right to that has to be put to the Hub again, the answer also says
   * where the branch is: one call for both.
   *
   * @return empty if this is no such load, or the token may not read the content any more
   */
  private Optional<UpstreamResult<ResolvedRevision>> resolveGated(RepoId repo, ReadAttempt own) {
    boolean lapsed =
        !rules.exist()
            && own.revision().equals(Revision.MAIN)
            && checker.isKnown(own.grant(repo))
            && checker.remembered(own.grant(repo)).isEmpty()
            && checker.isOpenAsMetadata(repo);
    return lapsed
        ? Optional.of(resolveKnown(repo, own)).filter(UpstreamResult.Value.class::isInstance)
        : Optional.empty();
  }

  /**
   * With the mirror's own token. What everybody may see of the repo is asked first, because it says
   * which rule counts; and the rule is applied before anything is said that only the mirror's
   * account may know.
   */
  private UpstreamResult<ResolvedRevision> resolveInOwnName(
      RepoId repo, ReadAttempt anybody, ReadAttempt own) {
    ReadAttempt metadata = anybody.forMetadata(probes.byRepoInfo(anybody.revision()));
    boolean fresh =
        checker.remembered(metadata.grant(repo)).isPresent()
            || refusedRepos.get(metadata.grant(repo)).isPresent();
    Optional<UpstreamResult<ResolvedRevision>> shown =
        fresh ? Optional.empty() : Optional.of(resolveForAnybody(repo, metadata));
    if (shown.isPresent()
        && shown.get() instanceof UpstreamResult.Failed<ResolvedRevision> failed
        && rules.hides(own.request(), repo)) {
      // Nor must it hear of it during an outage, in which a repo that is not there is no 404.
      return failed;
    }
    if (checker.isKnown(anybody.grant(repo))) {
      // Also while the Hub gives no answer: the mirror's own token was never needed for it.
      UpstreamResult<ResolvedRevision> anybodys = resolveForAnybody(repo, anybody);
      if (!ResolvedRevision.isClosed(anybodys)) {
        return anybodys;
      }
    }
    UpstreamResult<ResolvedRevision> found =
        checker.isKnown(own.grant(repo))
            ? resolveKnown(repo, own)
            : resolveOwn(new ResolvedRevision.NotKept(repo, Optional.empty()), own);
    boolean seen =
        !(found instanceof UpstreamResult.Value)
            && names.mayKnow(repo, own.as())
            && !names.mayKnow(repo, Caller.ANONYMOUS)
            && shown.filter(ResolvedRevision::isRevisionMissing).isEmpty();
    return seen
        ? rules
            .refuse(own.request(), repo, own.authority())
            .<UpstreamResult<ResolvedRevision>>map(no -> no)
            .orElse(found)
        : found;
  }

  private RepoId canonical(ReadAttempt anybody, Optional<Caller> holder, UpstreamState state) {
    return names.canonical(anybody.request().repo(), holder, state);
  }

  private UpstreamResult<ResolvedRevision> resolveForAnybody(RepoId repo, ReadAttempt anybody) {
    Optional<ProbeResult.Closed> refused = refusedRepos.get(anybody.grant(repo));
    if (refused.isPresent()) {
      return notKept(repo, refused.get().refusal());
    }
    RepoId kept = canonical(anybody, Optional.empty(), UpstreamState.DOWN);
    if (checker.isKnown(anybody.grant(kept))) {
      return reader.resolveUngranted(kept, repo, anybody, Optional.empty());
    }
    if (!upstream.health().mayAsk()) {
      return new UpstreamResult.Failed<>(upstream.unavailableReason());
    }
    return reader.ask(repo, anybody);
  }

  /** The client's token was granted the repo before. */
  private UpstreamResult<ResolvedRevision> resolveKnown(RepoId repo, ReadAttempt own) {
    // For another mirror, a grant that has run out is confirmed first: that mirror serves under a
    // grant of its own, whose time after its life must not follow on the one of this grant.
    Optional<Authorised<RepoId>> proof =
        own.as().via().isEmpty()
            ? checker.remembered(own.grant(repo), upstream.authoritativeState())
            : checker.remembered(own.grant(repo));
    return proof.isPresent()
        ? reader.resolveGranted(proof.get(), own)
        : reader.resolveUngranted(repo, repo, own, Optional.empty());
  }

  /** Not everybody may read it, and nothing is known of the client's token. */
  private UpstreamResult<ResolvedRevision> resolveOwn(
      ResolvedRevision.NotKept closed, ReadAttempt own) {
    RepoId repo = closed.repo();
    Optional<HubRefusal> before =
        refusedRepos.get(own.grant(repo)).flatMap(ProbeResult.Closed::refusal);
    if (before.isPresent()) {
      return new UpstreamResult.Refused<>(before.get());
    }
    UpstreamResult<ResolvedRevision> asked =
        reader.resolveUngranted(
            repo, repo, own, Optional.of(coldQuestionLimiter.admission(own.request().caller())));
    return asked
        .asFailure()
        .filter(UpstreamFailure::isOutage)
        .flatMap(_ -> refusedRepos.lastKnown(own.grant(repo)))
        .<UpstreamResult<ResolvedRevision>>map(UpstreamResult.Refused::new)
        .orElse(asked);
  }

  /**
   * Asks upstream about a revision again, and waits for the answer as long as one client does. A
   * new commit is shown if the load that asks began no earlier than {@code since}, so that nobody
   * in it was told the old one.
   */
  void confirm(ResolvedRevision.At at, Revision revision, Instant since) {
    RepoId repo = at.repo().subject();
    var said = slowUpstream.await(repo, probes.refresh(repo, revision, at.reader()));
    if (said.filter(s -> s.asFailure().isEmpty()).isPresent()) {
      branches.showIfUnseen(at.repo(), revision, since, staleTimeout);
    }
  }

  /** The repos that the Hub no longer serves. */
  List<MirrorStatus.Removed> removed() {
    return removed.list();
  }

  /** The present moment, for {@link #confirm}. */
  Instant now() {
    return clock.instant();
  }

  /** A call that was made in this name was refused for the whole repo, or for its content. */
  void refused(RepoId repo, HubRefusal refusal, Caller reader) {
    probes.rememberClosed(repo, new ProbeResult.Closed(Optional.of(refusal)), reader);
  }

  /**
   * A call that was passed on for a client was refused. If the Hub says to a token that it is the
   * repo or the token, that ends what this token was granted: a bare 403 may be about the call, for
   * example about writing. To a caller without a token, the Hub says of any call that needs a login
   * what it says of a missing repo, so such a refusal ends nothing that everybody was granted: the
   * repo's own question decides, and this waits for its answer for as long as one client does.
   *
   * @param asked the repo under the name that the client used; empty: the call was about none
   */
  void refusedInPassing(Optional<RepoId> asked, HubRefusal refusal, Caller caller) {
    if (refusal.isOfToken() && caller.authority() instanceof Authority.TokenHolder holder) {
      probes.rememberInvalid(holder, refusal);
    } else if (refusal.isOfRepo() && refusal.error().code().isPresent() && asked.isPresent()) {
      RepoId repo = names.canonical(asked.get(), Optional.of(caller), UpstreamState.DOWN);
      if (caller.isAnonymous()) {
        questions.doubt(repo, caller).ifPresent(answer -> slowUpstream.await(repo, answer));
      } else {
        refused(repo, refusal, caller);
      }
    }
  }

  /** What upstream lately said to this client of a repo that it may not read in this scope. */
  Optional<HubRefusal> refusalOf(RepoId repo, Caller caller, ReadScope scope) {
    return refusedRepos
        .get(new Grant(repo, caller.authority(), scope))
        .flatMap(ProbeResult.Closed::refusal);
  }

  /** Upstream shows the repo to an anonymous client, but says that not everybody may read it. */
  void markNotPublic(RepoId repo) {
    probes.rememberClosed(repo, new ProbeResult.Closed(Optional.empty()), Caller.ANONYMOUS);
  }

  private static UpstreamResult<ResolvedRevision> notKept(
      RepoId repo, Optional<HubRefusal> refusal) {
    return new UpstreamResult.Value<>(new ResolvedRevision.NotKept(repo, refusal));
  }
}
