package io.intrahub.mirror;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.Authorised;
import io.intrahub.access.Caller;
import io.intrahub.base.CacheSizes;
import io.intrahub.base.Deadline;
import io.intrahub.base.SingleFlight;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Freshness;
import io.intrahub.policy.Observation;
import io.intrahub.store.RepoStore;
import io.intrahub.upstream.ApiAnswer;
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
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * From what a client asks to a commit, and to the proof that everybody may read it. One observation
 * per repo and revision serves every route, so that resolve, repo info and listings agree.
 *
 * <p>Safe for use by many threads. Owned state: flights (by their class) and the pending commits.
 */
final class Revisions {
  private final AccessChecker checker;
  private final RepoStore store;
  private final HubUpstream upstream;
  private final InfoKeeper infos;
  private final Manifests manifests;
  private final Aliases aliases;
  private final ClosedRepos closed;
  private final PendingCommits pending;
  private final Overdue overdue;
  private final SingleFlight<Object, Learned> flights;
  private final Clock clock;
  private final MirrorSettings settings;

  /** How something unknown is asked for; two askers with equal keys share one question. */
  record Cold(Object key, Function<RepoId, Learned> ask) {}

  private record FlightKey(RepoId repo, Revision revision, Object how) {}

  Revisions(
      AccessChecker checker,
      RepoStore store,
      HubUpstream upstream,
      InfoKeeper infos,
      Manifests manifests,
      Executor executor,
      Clock clock,
      MirrorSettings settings,
      CacheSizes caches) {
    this.checker = checker;
    this.store = store;
    this.upstream = upstream;
    this.infos = infos;
    this.manifests = manifests;
    this.aliases = new Aliases(store, clock, settings.aliasTtl());
    this.closed = new ClosedRepos(clock, settings, caches.refusals());
    this.pending =
        new PendingCommits(
            clock, settings.quiet(), settings.quietAtMost(), caches.pendingCommits());
    this.overdue = new Overdue(settings.staleTimeout());
    this.flights = new SingleFlight<>(executor);
    this.clock = clock;
    this.settings = settings;
  }

  /** The way to ask that suits every route but resolve: one call for repo info. */
  Cold byRepoInfo(Revision revision) {
    return new Cold("info", repo -> learnByInfo(repo, revision));
  }

  /**
   * Locates a revision.
   *
   * @param cold how to ask when nothing is known
   * @param deadline how long to wait for upstream when nothing is known
   * @param noCache whether the client wants upstream asked
   */
  Located locate(RepoId asked, Revision revision, Cold cold, Deadline deadline, boolean noCache) {
    UpstreamState state = upstream.state();
    boolean outage = state != UpstreamState.REACHABLE;
    RepoId repo = aliases.canonical(asked, outage);
    Optional<Authorised<RepoId>> proof =
        outage ? checker.rememberedDuringOutage(repo) : checker.remembered(repo);
    if (proof.isPresent()) {
      return locateOpen(proof.get(), revision, cold, state, deadline, noCache);
    }
    Optional<Located.NotKept> known = closed.get(repo);
    if (known.isPresent()) {
      return known.get();
    }
    if (outage) {
      return new Located.Failed(upstream.whyNot());
    }
    return ask(repo, revision, cold, deadline);
  }

  private Located locateOpen(
      Authorised<RepoId> proof,
      Revision revision,
      Cold cold,
      UpstreamState state,
      Deadline deadline,
      boolean noCache) {
    Optional<CommitHash> commit = revision.asCommit();
    if (commit.isPresent()) {
      return new Located.At(proof, commit.get(), forEver(CacheLabel.Source.HIT));
    }
    RepoId repo = proof.subject();
    pending.asked(repo, revision, due -> store.putRevision(repo, revision, due));
    Optional<Observation<CommitHash>> seen = store.revision(proof, revision);
    return switch (Freshness.decide(
        clock.instant(), seen, settings.revisions(), asAsked(state), noCache)) {
      case SERVE -> at(proof, seen.orElseThrow(), false);
      case SERVE_STALE -> at(proof, seen.orElseThrow(), true);
      case SERVE_AND_REFRESH -> {
        var _ = refresh(repo, revision);
        yield at(proof, seen.orElseThrow(), false);
      }
      case REVALIDATE -> revalidate(proof, revision, seen.orElseThrow(), noCache);
      case FETCH -> ask(repo, revision, cold, deadline);
      case REFUSE -> new Located.Failed(upstream.whyNot());
    };
  }

  /**
   * Asks upstream about a revision again, and waits for the answer as long as one client does. A
   * new commit is shown if the load that asks began no earlier than {@code since}, so that nobody
   * in it was told the old one.
   */
  void confirm(Authorised<RepoId> proof, Revision revision, Instant since) {
    RepoId repo = proof.subject();
    if (overdue.await(repo, refresh(repo, revision)).isPresent()) {
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
      boolean showAtOnce) {
    RepoId repo = proof.subject();
    Optional<Learned> learned = overdue.await(repo, refresh(repo, revision));
    if (learned.isEmpty()) {
      pending.shown(repo, revision);
      return at(proof, seen, true);
    }
    return switch (learned.get()) {
      case Learned.Open open -> {
        if (showAtOnce) {
          show(repo, revision, new Observation<>(open.commit(), clock.instant()));
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
      case Learned.Nothing _, Learned.Unproven _ -> {
        pending.shown(repo, revision);
        yield at(proof, seen, true);
      }
    };
  }

  private void show(RepoId repo, Revision revision, Observation<CommitHash> observation) {
    pending.settle(repo, revision, () -> store.putRevision(repo, revision, observation));
  }

  /** One question behind the clients' backs, whoever joins. */
  private CompletableFuture<Learned> refresh(RepoId repo, Revision revision) {
    return flights.join(
        new FlightKey(repo, revision, "refresh"),
        () -> {
          Learned learned = learnByInfo(repo, revision);
          switch (learned) {
            case Learned.Open open ->
                moved(checker.admit(open.evidence()), revision, open.commit());
            case Learned.Closed shut -> shut(repo, shut);
            case Learned.Missing missing -> {
              if (missing.refusal().isOfRevision()) {
                pending.settle(repo, revision, () -> store.forgetRevision(repo, revision));
              }
            }
            case Learned.Nothing _, Learned.Unproven _ -> {}
          }
          return learned;
        });
  }

  /** A new commit is shown only when its manifest is known and no load is under way. */
  private void moved(Authorised<RepoId> proof, Revision revision, CommitHash commit) {
    RepoId repo = proof.subject();
    Observation<CommitHash> now = new Observation<>(commit, clock.instant());
    Optional<Observation<CommitHash>> before = store.revision(proof, revision);
    if (before.isEmpty() || before.get().value().equals(commit)) {
      show(repo, revision, now);
      return;
    }
    boolean known = manifests.learn(proof, commit);
    pending.moved(
        repo,
        revision,
        now,
        known,
        () -> {
          Optional<CommitHash> shown = store.revision(proof, revision).map(Observation::value);
          boolean mustWait = shown.isPresent() && !shown.get().equals(commit);
          // An old commit was confirmed to be shown for now; else each request would ask again.
          CommitHash confirmed = mustWait ? shown.get() : commit;
          store.putRevision(repo, revision, new Observation<>(confirmed, now.learnedAt()));
          return mustWait;
        });
  }

  private Located ask(RepoId repo, Revision revision, Cold cold, Deadline deadline) {
    CompletableFuture<Learned> question =
        flights.join(new FlightKey(repo, revision, cold.key()), cold(repo, revision, cold));
    boolean somethingOld = stale(repo, revision).isPresent();
    Optional<Learned> learned =
        somethingOld ? overdue.await(repo, question) : Waiting.until(question, deadline.left());
    if (learned.isEmpty()) {
      return stale(repo, revision)
          .orElseGet(() -> new Located.Failed(Failures.late(upstream, deadline.whole())));
    }
    return switch (learned.get()) {
      case Learned.Open open ->
          new Located.At(
              checker.admit(open.evidence()),
              open.commit(),
              new CacheLabel(
                  CacheLabel.Source.MISS,
                  Optional.of(settings.revisions().ttl()),
                  Optional.empty(),
                  false));
      case Learned.Closed shut -> new Located.NotKept(repo, shut.refusal());
      case Learned.Missing missing -> {
        if (missing.refusal().commit().isPresent()) {
          learnBehind(repo, revision);
        }
        yield new Located.Refused(missing.refusal());
      }
      case Learned.Nothing nothing ->
          stale(repo, revision).orElseGet(() -> new Located.Failed(nothing.failure()));
      case Learned.Unproven _ ->
          stale(repo, revision).orElseGet(() -> new Located.NotKept(repo, Optional.empty()));
    };
  }

  /**
   * The commit is there but the asked entry is not, which proves nothing about who may read.
   * Loaders that begin with such a probe make more of them, so what answers those is learned now.
   */
  private void learnBehind(RepoId repo, Revision revision) {
    var _ =
        flights.join(
            new FlightKey(repo, revision, "behind"),
            () -> {
              Learned learned = cold(repo, revision, byRepoInfo(revision)).get();
              if (learned instanceof Learned.Open open) {
                manifests.learn(checker.admit(open.evidence()), open.commit());
              }
              return learned;
            });
  }

  private Supplier<Learned> cold(RepoId repo, Revision revision, Cold cold) {
    return () -> {
      Learned learned = cold.ask().apply(repo);
      if (learned instanceof Learned.Open open) {
        Authorised<RepoId> proof = checker.admit(open.evidence());
        RepoId canonical = proof.subject();
        aliases.learn(repo, canonical);
        closed.remove(canonical);
        if (revision.asCommit().isEmpty()) {
          show(canonical, revision, new Observation<>(open.commit(), clock.instant()));
        }
      } else if (learned instanceof Learned.Closed shut) {
        shut(repo, shut);
      }
      return learned;
    };
  }

  private void shut(RepoId repo, Learned.Closed shut) {
    checker.refused(repo);
    closed.put(repo, shut.refusal());
  }

  /**
   * An anonymous content call was refused for the whole repo: what was believed no longer holds.
   */
  void refused(RepoId repo, FirstHop.Refusal refusal) {
    shut(repo, new Learned.Closed(Optional.of(refusal)));
  }

  /** Upstream refused a repo, of which nothing is kept, to this asker and their own token. */
  void refusedTo(RepoId repo, Caller caller, FirstHop.Refusal refusal) {
    closed.putFor(repo, caller, refusal);
  }

  /** What upstream lately said to this asker of a repo of which nothing is kept. */
  Optional<FirstHop.Refusal> refusalOf(RepoId repo, Caller caller) {
    return closed.getFor(repo, caller);
  }

  /** Upstream failed: what is there serves, while the outage lasts. */
  private Optional<Located> stale(RepoId repo, Revision revision) {
    RepoId canonical = aliases.canonical(repo, true);
    return checker
        .rememberedDuringOutage(canonical)
        .flatMap(proof ->
            revision
                .asCommit()
                .<Located>map(c -> new Located.At(proof, c, forEver(CacheLabel.Source.HIT)))
                .or(() -> store.revision(proof, revision).map(o -> at(proof, o, true))));
  }

  /** Upstream shows the repo to an anonymous asker, but says that not everybody may read it. */
  void closed(RepoId repo) {
    shut(repo, new Learned.Closed(Optional.empty()));
  }

  private Learned learnByInfo(RepoId repo, Revision revision) {
    Optional<Revision> named =
        revision.equals(Revision.DEFAULT) ? Optional.empty() : Optional.of(revision);
    return switch (infos.ask(repo, named, InfoQuery.WHOLE, Revisions::commitIfOpen)) {
      case InfoKeeper.Outcome.Answered answered -> {
        ApiAnswer.Info info = answered.info();
        Optional<CommitHash> commit = info.facts().commit();
        if (info.evidence().isEmpty()) {
          yield info.authoritative()
              ? new Learned.Closed(Optional.empty())
              : new Learned.Unproven();
        }
        if (commit.isEmpty()) {
          yield new Learned.Nothing(
              new UpstreamFailure(UpstreamFailure.Kind.STRANGE, "repo info without a commit"));
        }
        yield new Learned.Open(info.evidence().get(), commit.get());
      }
      case InfoKeeper.Outcome.Refused refused -> Learned.of(refused.refusal());
      case InfoKeeper.Outcome.Failed failed -> new Learned.Nothing(failed.failure());
    };
  }

  /** The commit of repo info that shows everybody may read the repo. */
  private static Optional<CommitHash> commitIfOpen(ApiAnswer.Info info) {
    return info.evidence().isPresent() ? info.facts().commit() : Optional.empty();
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

  private static CacheLabel forEver(CacheLabel.Source source) {
    return new CacheLabel(source, Optional.empty(), Optional.empty(), false);
  }

  private static Freshness.Upstream asAsked(UpstreamState state) {
    return switch (state) {
      case REACHABLE -> Freshness.Upstream.REACHABLE;
      case DOWN -> Freshness.Upstream.DOWN;
      case OFFLINE -> Freshness.Upstream.OFFLINE;
    };
  }
}
