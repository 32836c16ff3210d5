package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.access.Caller;
import io.intrahub.base.SingleFlight;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.metrics.Meters;
import io.intrahub.policy.BranchMove.Readiness;
import io.intrahub.policy.Observation;
import io.intrahub.store.CommitRole;
import io.intrahub.store.RepoStore;
import io.intrahub.upstream.HubRefusal;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The warmings that are under way, at most one of each revision, and what becomes of a pending
 * commit when its warming has ended. Safe for use by many threads.
 */
final class CommitWarmings {
  private final RepoStore store;
  private final ShownCommits shown;
  private final PendingCommits pending;
  private final Function<CommitWarmer.Work, Readiness> warmer;
  private final SingleFlight<Key, Readiness> flights;
  private final Meters meters;
  private final Clock clock;

  /** Whether tokens of callers are the mirror's own, with which it may fetch at any time. */
  private final boolean ownToken;

  private record Key(RepoId repo, Revision revision) {}

  CommitWarmings(
      RepoStore store,
      ShownCommits shown,
      PendingCommits pending,
      Function<CommitWarmer.Work, Readiness> warmer,
      Executor executor,
      Meters meters,
      Clock clock,
      boolean ownToken) {
    this.store = store;
    this.shown = shown;
    this.pending = pending;
    this.warmer = warmer;
    this.flights = new SingleFlight<>(executor);
    this.meters = meters;
    this.clock = clock;
    this.ownToken = ownToken;
  }

  /** The warming of a revision; empty if none is under way. */
  Optional<CompletableFuture<Readiness>> underWay(RepoId repo, Revision revision) {
    return flights.join(new Key(repo, revision), () -> false, () -> Readiness.WARMING);
  }

  /**
   * Begins to fetch the files of a commit, unless a warming of the revision is under way.
   *
   * @param as who asked upstream about the revision
   * @param refused told when the Hub refuses the repo to the one in whose name files are fetched
   */
  void begin(
      Authorised<RepoId> proof,
      Revision revision,
      CommitHash commit,
      Caller as,
      Consumer<HubRefusal> refused) {
    RepoId repo = proof.subject();
    List<CommitHash> before = new ArrayList<>();
    store.revision(proof, revision).map(Observation::value).ifPresent(before::add);
    store
        .revision(proof, revision, CommitRole.SERVABLE)
        .map(Observation::value)
        .ifPresent(before::add);
    before.removeIf(commit::equals);
    // No token of a client is used behind its back.
    Optional<Caller> fetcher = as.isAnonymous() || ownToken ? Optional.of(as) : Optional.empty();
    CommitWarmer.Work work =
        new CommitWarmer.Work(repo, commit, before, as.authority(), fetcher, refused);
    CompletableFuture<Readiness> _ =
        flights.join(
            new Key(repo, revision),
            () -> {
              Readiness readiness = Readiness.UNANSWERED;
              try {
                readiness = warmer.apply(work);
              } finally {
                warmed(proof, revision, commit, readiness);
              }
              return readiness;
            });
  }

  private void warmed(
      Authorised<RepoId> proof, Revision revision, CommitHash commit, Readiness readiness) {
    RepoId repo = proof.subject();
    meters.commit(
        switch (readiness) {
          case COMPLETE -> Meters.CommitEvent.WARMED;
          case UNANSWERED -> Meters.CommitEvent.UNANSWERED;
          default -> Meters.CommitEvent.PARTIAL;
        });
    pending.warmed(
        repo,
        revision,
        commit,
        readiness,
        isPending -> {
          if (readiness != Readiness.COMPLETE) {
            return;
          }
          if (isPending) {
            store.putRevision(
                repo, revision, CommitRole.SERVABLE, new Observation<>(commit, clock.instant()));
          } else if (!shown.isOther(proof, revision, commit)) {
            store.forgetRevision(repo, revision, CommitRole.SERVABLE);
          }
        });
  }
}
