package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authorised;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.access.Grant;
import io.intrahub.access.ReadEvidence;
import io.intrahub.access.ReadScope;
import io.intrahub.base.SingleFlight;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.policy.UpstreamState;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Asks the authoritative endpoint about revisions, and takes what it says into the store. All who
 * ask the same as the same authority share one question; it goes on when none of them waits any
 * longer.
 *
 * <p>Safe for use by many threads. Owned state: the flights (by their class).
 */
final class RevisionProbes {
  private final AccessChecker checker;
  private final RepoQuestions questions;
  private final ManifestLoader manifests;
  private final LearnedNames names;
  private final RefusedRepos refusedRepos;
  private final RemovedRepos removed;
  private final BranchCommits branches;
  private final BranchWords words;
  private final RepoIdentity identity;
  private final SingleFlight<Object, UpstreamResult<ProbeResult>> flights;

  /**
   * How something unknown is asked for.
   *
   * @param key two questions with equal keys are one
   */
  record Probe(Object key, BiFunction<RepoId, Caller, UpstreamResult<ProbeResult>> ask) {}

  private record FlightKey(RepoId repo, Revision revision, Object how, Authority as) {}

  RevisionProbes(
      AccessChecker checker,
      RepoQuestions questions,
      ManifestLoader manifests,
      RepoAliases aliases,
      RefusedRepos refusedRepos,
      RemovedRepos removed,
      BranchCommits branches,
      RepoIdentity identity,
      Executor executor,
      MirrorSettings settings) {
    this.checker = checker;
    this.questions = questions;
    this.manifests = manifests;
    this.names = new LearnedNames(identity, aliases, questions);
    this.refusedRepos = refusedRepos;
    this.removed = removed;
    this.branches = branches;
    this.identity = identity;
    this.flights = new SingleFlight<>(executor);
    this.words =
        new BranchWords(
            manifests, branches, this::named, settings.staleTimeout(), settings.headTimeout());
  }

  /** The way to ask that suits every route but resolve: one call for repo info. */
  Probe byRepoInfo(Revision revision) {
    return new Probe("info", (repo, as) -> questions.repoInfo(repo, revision, as));
  }

  /**
   * Asks about a revision that is unknown.
   *
   * @param attempt how it is asked, in whose name, and against whose share of the memory budget
   * @param admission asked only if nobody asks the same already
   * @return empty if the question was not admitted
   */
  Optional<CompletableFuture<UpstreamResult<ProbeResult>>> ask(
      RepoId repo, ReadAttempt attempt, BooleanSupplier admission) {
    Revision revision = attempt.revision();
    Probe probe = attempt.probe();
    Caller as = attempt.as();
    Probe how = mayBeAnother(repo, as) ? afterRepoInfo(probe) : probe;
    return flights.join(
        new FlightKey(repo, revision, how.key(), as.authority()),
        admission,
        probe(repo, revision, how, as));
  }

  /** Returns what upstream lately said to an authority about a repo, if it refused it. */
  Optional<ProbeResult.Closed> refusal(Grant grant) {
    return refusedRepos.get(grant);
  }

  /** Asks for repo info first, which says whether the repo is the one that is known. */
  private Probe afterRepoInfo(Probe probe) {
    return new Probe(
        List.of("info", probe.key()),
        (repo, as) ->
            questions.repoInfo(repo, Revision.DEFAULT, as)
                    instanceof UpstreamResult.Failed<ProbeResult> failed
                ? failed
                : probe.ask().apply(repo, as));
  }

  /**
   * Whether a repo of which something is kept may have been deleted and made again since: nobody
   * knew it lately. Repo info says so, and what other calls say does not.
   */
  private boolean mayBeAnother(RepoId repo, Caller as) {
    return identity.isKnown(repo)
        && !checker.isKnown(new Grant(repo, Caller.ANONYMOUS.authority(), ReadScope.METADATA))
        && !checker.isKnown(new Grant(repo, as.authority(), ReadScope.METADATA));
  }

  /**
   * One question behind the clients' backs, whoever joins.
   *
   * @param as in whose name. The question counts against the client's share of the memory budget if
   *     this call begins it. If it joins one that fails because another client's share is used up,
   *     it begins one of its own: else that client could keep everybody from new commits.
   */
  CompletableFuture<UpstreamResult<ProbeResult>> refresh(
      RepoId repo, Revision revision, Caller as) {
    return refreshIf(repo, revision, as, () -> true).orElseThrow();
  }

  /**
   * The same, unless an answer has been noted since the request looked at what is known. A question
   * notes its answer before it ends, so no second one begins because a request looked too early.
   *
   * @param known {@link AnswerNotes#learnedAt}, read before the request looked
   * @return empty if an answer has been noted since
   */
  Optional<CompletableFuture<UpstreamResult<ProbeResult>>> refreshUnlessLearned(
      RepoId repo, Revision revision, Caller as, Instant known) {
    return refreshIf(
        repo, revision, as, () -> branches.notes().learnedAt(repo, revision).equals(known));
  }

  private Optional<CompletableFuture<UpstreamResult<ProbeResult>>> refreshIf(
      RepoId repo, Revision revision, Caller as, BooleanSupplier admission) {
    AtomicBoolean begun = new AtomicBoolean();
    Optional<CompletableFuture<UpstreamResult<ProbeResult>>> first =
        joinRefresh(
            repo,
            revision,
            as,
            () -> {
              begun.set(admission.getAsBoolean());
              return begun.get();
            });
    return begun.get()
        ? first
        : first.map(joined ->
            joined.thenCompose(probed ->
                probed.isFailureOfBeginner()
                    ? refresh(repo, revision, as)
                    : CompletableFuture.completedFuture(probed)));
  }

  private Optional<CompletableFuture<UpstreamResult<ProbeResult>>> joinRefresh(
      RepoId repo, Revision revision, Caller as, BooleanSupplier admission) {
    return flights.join(
        new FlightKey(repo, revision, "refresh", as.authority()),
        admission,
        () -> {
          UpstreamResult<ProbeResult> probed = questions.repoInfo(repo, revision, as);
          noteAnswered(repo, revision, probed);
          if (probed instanceof UpstreamResult.Value(ProbeResult.Open open)) {
            Optional<Authorised<RepoId>> proof = admit(open.evidence());
            if (proof.isEmpty()) {
              return ProbeResult.overtaken();
            }
            names.learn(repo, proof.get().subject(), as);
            learnContent(repo, proof.get().subject(), as);
            learn(proof.get(), revision, open.commit(), as);
          } else {
            rememberRefusal(repo, revision, probed, as);
          }
          return probed;
        });
  }

  /**
   * Asks whether who may read the content under one name may do so under the other one. Until then
   * it is not led there, and each of its requests would ask about the revision.
   */
  private void learnContent(RepoId asked, RepoId canonical, Caller as) {
    Grant content = new Grant(canonical, as.authority(), ReadScope.CONTENT);
    if (!asked.equals(canonical)
        && checker.isKnown(new Grant(asked, as.authority(), ReadScope.CONTENT))
        && !checker.isKnown(content)
        && refusedRepos.get(content).isEmpty()) {
      var _ = confirm(Revision.DEFAULT, content, as, () -> true);
    }
  }

  private void noteAnswered(RepoId repo, Revision revision, UpstreamResult<ProbeResult> probed) {
    if (!probed.isFailureOfBeginner()) {
      boolean unanswered = probed.asFailure().filter(UpstreamFailure::isOutage).isPresent();
      branches.notes().answered(repo, revision, !unanswered);
    }
  }

  /** Asks which commit a revision is at, because another one that may be the same has moved. */
  private CompletableFuture<Optional<Observation<CommitHash>>> named(
      RepoId repo, Revision revision, Caller as) {
    return flights
        .join(
            new FlightKey(repo, revision, "other", as.authority()),
            () -> {
              UpstreamResult<ProbeResult> probed = questions.repoInfo(repo, revision, as);
              noteAnswered(repo, revision, probed);
              if (!(probed instanceof UpstreamResult.Value(ProbeResult.Open open))) {
                rememberRefusal(repo, revision, probed, as);
              } else if (admit(open.evidence()).isEmpty()) {
                return ProbeResult.overtaken();
              }
              return probed;
            })
        .thenApply(probed ->
            probed instanceof UpstreamResult.Value(ProbeResult.Open open)
                ? Optional.of(open.commit())
                : Optional.empty());
  }

  /**
   * The repo's own question, whoever joins. It changes what is believed of the repo, and not which
   * commit a revision shows.
   *
   * @param revision one that a client can't choose freely; see {@link GrantRenewals}
   * @param grant what is asked for
   * @param as the authority of the grant, and against whose share of the memory budget
   * @param admission asked only if nobody asks the same already
   * @return empty if the question was not admitted
   */
  Optional<CompletableFuture<UpstreamResult<ProbeResult>>> confirm(
      Revision revision, Grant grant, Caller as, BooleanSupplier admission) {
    RepoId repo = grant.repo();
    return flights.join(
        new FlightKey(repo, revision, grant.scope(), as.authority()),
        admission,
        () -> {
          UpstreamResult<ProbeResult> probed = questions.own(revision, grant, as);
          Optional<ReadEvidence> evidence = ProbeResult.evidence(probed);
          if (evidence.isPresent()) {
            Optional<Authorised<RepoId>> proof = admit(evidence.get());
            if (proof.isEmpty()) {
              return ProbeResult.overtaken();
            }
            names.learn(repo, proof.get().subject(), as);
            if (proof.get().scope().covers(grant.scope())) {
              refusedRepos.remove(new Grant(proof.get().subject(), as.authority(), grant.scope()));
            }
          } else {
            rememberRefusal(repo, revision, probed, as);
          }
          return probed;
        });
  }

  /** Takes that a revision that was known can't be had. */
  private void rememberRefusal(
      RepoId repo, Revision revision, UpstreamResult<ProbeResult> probed, Caller as) {
    if (probed instanceof UpstreamResult.Value(ProbeResult.Closed closed)) {
      rememberClosed(repo, closed, as);
    } else if (probed instanceof UpstreamResult.Refused(var refusal) && refusal.isOfRevision()) {
      branches
          .deletions()
          .deleted(
              repo,
              revision,
              checker.remembered(
                  new Grant(repo, as.authority(), ReadScope.METADATA), UpstreamState.REACHABLE));
    }
  }

  /**
   * Takes that a revision is at this commit, and learns the listing of a new one.
   *
   * @param commit as of the beginning of the question that named it
   * @return done when the listing is known
   */
  CompletableFuture<UpstreamResult<ProbeResult>> learnMove(
      Authorised<RepoId> proof, Revision revision, Observation<CommitHash> commit, Caller as) {
    return flights.join(
        // One for each commit: it would be lost if it joined the flight of the one before.
        new FlightKey(proof.subject(), revision, commit.value(), as.authority()),
        () -> {
          learn(proof, revision, commit, as);
          return ProbeResult.overtaken();
        });
  }

  private void learn(
      Authorised<RepoId> proof, Revision revision, Observation<CommitHash> commit, Caller as) {
    RepoId repo = proof.subject();
    Consumer<HubRefusal> refused =
        refusal -> rememberClosed(repo, new ProbeResult.Closed(Optional.of(refusal)), as);
    words.learn(proof, revision, commit, as, refused);
  }

  /**
   * The commit is there but the asked entry is not, which proves nothing about who may read.
   * Loaders that begin with such a probe make more of them, so what answers those is learned now.
   *
   * @param as in whose name, and against whose client's share of the memory budget
   */
  void learnInBackground(RepoId repo, Revision revision, Caller as) {
    var _ =
        flights.join(
            new FlightKey(repo, revision, "behind", as.authority()),
            () -> {
              UpstreamResult<ProbeResult> probed =
                  probe(repo, revision, byRepoInfo(revision), as).get();
              if (probed instanceof UpstreamResult.Value(ProbeResult.Open open)) {
                admit(open.evidence())
                    .ifPresent(proof -> manifests.learn(proof, open.commit().value(), as));
              }
              return probed;
            });
  }

  private Supplier<UpstreamResult<ProbeResult>> probe(
      RepoId repo, Revision revision, Probe probe, Caller as) {
    return () -> {
      UpstreamResult<ProbeResult> probed = probe.ask().apply(repo, as);
      if (probed instanceof UpstreamResult.Value(ProbeResult.Open open)) {
        Optional<Authorised<RepoId>> proof = admit(open.evidence());
        if (proof.isEmpty()) {
          return ProbeResult.overtaken();
        }
        RepoId canonical = proof.get().subject();
        names.learn(repo, canonical, as);
        refusedRepos.remove(new Grant(canonical, as.authority(), proof.get().scope()));
        if (revision.asCommit().isEmpty()) {
          words.show(
              proof.get(),
              revision,
              open.commit(),
              as,
              (of, commit) -> learnMove(proof.get(), of, commit, as));
        }
      } else if (probed instanceof UpstreamResult.Value(ProbeResult.Closed closed)) {
        rememberClosed(repo, closed, as);
      }
      return probed;
    };
  }

  private Optional<Authorised<RepoId>> admit(ReadEvidence evidence) {
    Optional<Authorised<RepoId>> proof = checker.admit(evidence);
    proof.ifPresent(_ -> removed.readable(evidence.grant()));
    return proof;
  }

  /** Upstream does not accept a token: what was granted to it no longer is, of any repo. */
  void rememberInvalid(Authority.TokenHolder holder, HubRefusal refusal) {
    checker.rejected(holder);
    refusedRepos.putInvalid(holder, refusal);
  }

  /** Upstream refused a repo, or its content, to somebody: what was granted no longer is. */
  void rememberClosed(RepoId repo, ProbeResult.Closed closed, Caller as) {
    Optional<HubRefusal> refusal = closed.refusal();
    if (refusal.filter(HubRefusal::isOfToken).isPresent()
        && as.authority() instanceof Authority.TokenHolder holder) {
      rememberInvalid(holder, refusal.get());
      return;
    }
    boolean gate = refusal.filter(HubRefusal::isGate).isPresent();
    Grant grant = new Grant(repo, as.authority(), gate ? ReadScope.CONTENT : ReadScope.METADATA);
    refusal.ifPresent(no -> removed.refused(repo, no, as));
    if (gate || refusal.isEmpty()) {
      // The Hub shows that the repo is there: what was public of it is kept no longer.
      removed.closed(repo);
    }
    checker.refused(grant);
    refusedRepos.put(grant, refusal);
  }
}
