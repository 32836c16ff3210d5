package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.access.Caller;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.metrics.Meters;
import io.intrahub.policy.BranchMove.Readiness;
import io.intrahub.policy.Observation;
import io.intrahub.store.CommitRole;
import io.intrahub.store.RepoStore;
import io.intrahub.transfer.BackgroundTransfers;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamResult;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Which commit clients see of a branch or tag. A commit that upstream names goes through these
 * states:
 *
 * <ol>
 *   <li><em>observed</em>: a question to upstream named it. It is stored as {@link
 *       CommitRole#NEWEST};
 *   <li><em>warming</em>: its listing is there, and {@link CommitWarmer} fetches the changed files.
 *       This repeats at the next question if upstream stops to answer, and goes on where it was,
 *       also after a restart;
 *   <li><em>settled</em>: the store can serve it ({@link Readiness#COMPLETE}; it is stored as
 *       {@link CommitRole#SERVABLE}), or upstream has to serve a part of it ({@link
 *       Readiness#PARTIAL});
 *   <li><em>visible</em>: it is the commit of the revision. A settled commit becomes visible when
 *       no load is in progress, or a while later, and a partial one only while upstream answers;
 *       then the commit before it is kept as {@link CommitRole#SERVABLE}.
 * </ol>
 *
 * <p>If upstream stops to answer while a partial commit is visible, the servable one becomes
 * visible again in the same way.
 *
 * <p>Safe for use by many threads. {@link PendingCommits} owns what waits, in memory, on the wall
 * clock that was passed in; it makes all changes of one revision one after the other. The store
 * holds the rest, so a process that ends at any moment loses only the time that a move has waited.
 */
final class BranchCommits {
  private final RepoStore store;
  private final ShownCommits shown;
  private final PendingCommits pending;
  private final AnswerNotes notes;
  private final CommitWarmings warmings;
  private final DefaultBranch branch;
  private final BranchLoads loads;
  private final LastWords words;
  private final BranchDeletions deletions;

  /**
   * Creates the only owner of what {@code pending} holds.
   *
   * @param warmer as {@link CommitWarmer#warm}
   */
  BranchCommits(
      RepoStore store,
      PendingCommits pending,
      Function<CommitWarmer.Work, Readiness> warmer,
      Executor executor,
      Meters meters,
      Clock clock,
      boolean ownToken) {
    this.store = store;
    this.shown = new ShownCommits(store, meters);
    this.pending = pending;
    this.notes = pending.notes();
    this.warmings =
        new CommitWarmings(store, shown, pending, warmer, executor, meters, clock, ownToken);
    this.branch = new DefaultBranch(store, shown, pending);
    this.loads = new BranchLoads(store, pending, branch);
    this.words = new LastWords(store, shown, pending, notes, branch, clock);
    this.deletions = new BranchDeletions(store, shown, pending, notes, clock);
  }

  /** What is noted of upstream's answers. */
  AnswerNotes notes() {
    return notes;
  }

  /** The loads in progress. */
  BranchLoads loads() {
    return loads;
  }

  /** Whether the default branch is {@code main}. */
  DefaultBranch defaultBranch() {
    return branch;
  }

  /** What upstream said last, where clients see another commit. */
  LastWords words() {
    return words;
  }

  /** What upstream said of branches and tags that are no longer there. */
  BranchDeletions deletions() {
    return deletions;
  }

  /**
   * Notes a request for a revision, and makes another commit visible if that is due.
   *
   * @param reachable whether upstream answers, as far as is known
   */
  void requested(Authorised<RepoId> proof, Revision revision, boolean reachable) {
    RepoId repo = proof.subject();
    branch.missed(proof, revision).ifPresent(word -> showIfQuiet(proof, revision, word));
    Revision leader = branch.leader(proof, revision);
    boolean answers = reachable && notes.isAnswered(repo, revision);
    if (!answers) {
      fallBack(proof, leader);
    }
    pending.requested(repo, leader, answers, due -> show(proof, leader, due));
  }

  private void show(Authorised<RepoId> proof, Revision revision, PendingCommit due) {
    branch.show(proof, revision, () -> shown.show(proof, revision, due));
  }

  /** Lets the servable commit wait for the end of the loads in progress. */
  private void fallBack(Authorised<RepoId> proof, Revision revision) {
    // Most requests during an outage change nothing, and need not wait for each other.
    if (servable(proof, revision).isEmpty()
        || !yields(pending.pending(proof.subject(), revision))) {
      return;
    }
    pending.moveIf(
        proof.subject(),
        revision,
        Readiness.FALLBACK,
        there -> yields(there) && servable(proof, revision).isPresent(),
        () -> servable(proof, revision).filter(s -> shown.isOther(proof, revision, s.value())));
  }

  /** Whether clients see a commit of which upstream has to serve a part, and another is there. */
  boolean mayFallBack(Authorised<RepoId> proof, Revision revision) {
    return servable(proof, branch.leader(proof, revision)).isPresent();
  }

  private Optional<Observation<CommitHash>> servable(Authorised<RepoId> proof, Revision revision) {
    return store.revision(proof, revision, CommitRole.SERVABLE);
  }

  /** Whether what is pending gives way to the servable commit while upstream does not answer. */
  private static boolean yields(Optional<PendingCommit> there) {
    return there
        .map(PendingCommit::readiness)
        .filter(r -> r == Readiness.FALLBACK || r == Readiness.COMPLETE)
        .isEmpty();
  }

  /**
   * Makes a settled commit visible now if the present load began at {@code since} or later.
   * Upstream has just answered. Waits for the warming of the commit first, but not for long.
   *
   * @param since the moment from which on no client was told the old commit without upstream being
   *     asked first
   */
  void showIfUnseen(Authorised<RepoId> proof, Revision revision, Instant since, Duration patience) {
    RepoId repo = proof.subject();
    Revision leader = branch.leader(proof, revision);
    awaitFiles(repo, leader, since, patience);
    pending.showIfUnseen(repo, leader, since, due -> show(proof, leader, due));
  }

  /** Makes the commit that waits visible now if no client has asked for the revision lately. */
  void showIfQuiet(Authorised<RepoId> proof, Revision revision, Duration patience) {
    RepoId repo = proof.subject();
    Revision leader = branch.leader(proof, revision);
    awaitFiles(repo, leader, Instant.MIN, patience);
    // Another client's load may have begun meanwhile.
    pending.showIfQuiet(repo, leader, due -> show(proof, leader, due));
  }

  private void awaitFiles(RepoId repo, Revision revision, Instant since, Duration patience) {
    if (pending.mayShow(repo, revision, since)) {
      warmings.underWay(repo, revision).ifPresent(warming -> BoundedWait.until(warming, patience));
    }
  }

  /** Forgets what waits for a repo, whose name belongs to another one now. */
  void forget(RepoId repo) {
    pending.forget(repo);
  }

  /**
   * Makes a commit visible that upstream has just named, unless a load of another one is in
   * progress.
   *
   * @param named as of the beginning of the question
   * @return false if such a load is in progress, or a question that began later has been answered;
   *     then nothing has changed
   */
  boolean showUnlessLoading(
      Authorised<RepoId> proof, Revision revision, Observation<CommitHash> named) {
    Revision leader = branch.leader(proof, revision);
    if (leader.equals(revision) || !shown.isOther(proof, revision, named.value())) {
      return showIfQuiet(proof, revision, named);
    }
    return branch
            .lastWord(proof, leader)
            .filter(word -> word.value().equals(named.value()))
            .filter(word -> showIfQuiet(proof, leader, word))
            .isPresent()
        && showIfQuiet(proof, revision, named);
  }

  private boolean showIfQuiet(
      Authorised<RepoId> proof, Revision revision, Observation<CommitHash> named) {
    RepoId repo = proof.subject();
    return pending.confirmed(
        repo,
        revision,
        named.learnedAt(),
        () ->
            (pending.loads().isQuiet(repo, revision)
                    || !shown.isOther(proof, revision, named.value()))
                && !words.isOutdated(proof, revision, named),
        () -> branch.show(proof, revision, () -> shown.showNow(proof, revision, named)));
  }

  /**
   * Upstream named a commit, and it is the one that clients see, if they see any.
   *
   * @param observation as of the beginning of the question
   * @return false if clients see another commit; then nothing has changed
   */
  boolean confirmed(
      Authorised<RepoId> proof,
      Revision revision,
      Observation<CommitHash> observation,
      Caller as,
      Consumer<HubRefusal> refused) {
    boolean isVisible =
        pending.confirmed(
            proof.subject(),
            revision,
            observation.learnedAt(),
            () -> !shown.isOther(proof, revision, observation.value()),
            () -> {
              if (!words.isOutdated(proof, revision, observation)) {
                shown.showNow(proof, revision, observation);
                branch.settle(proof, revision);
              }
            });
    if (isVisible
        && branch.leader(proof, revision).equals(revision)
        && servable(proof, revision).isPresent()) {
      // Clients or the warmer may have completed it meanwhile.
      warmings.begin(proof, revision, observation.value(), as, refused);
    }
    return isVisible;
  }

  /**
   * Upstream named commits. Where clients see another one, this only notes it as the last word on
   * the revision, before its listing is learned: a client that was answered with it alone must get
   * it again, whatever upstream does meanwhile. {@link #moved} follows, and confirms the commit
   * that clients see; until then their requests go on to ask, so that none that waits for the
   * answer is overtaken by one that is told the old commit.
   *
   * @param to as of the beginning of the question
   * @param other what upstream named of the other revision that may be the same branch, if it was
   *     asked; both are noted at once
   * @return whether clients see a commit of the revision from now on that upstream did not name: as
   *     {@link DefaultBranch#adopt}
   */
  boolean observed(
      Authorised<RepoId> proof,
      Revision revision,
      Observation<CommitHash> to,
      Optional<Observation<CommitHash>> other) {
    AtomicBoolean adopted = new AtomicBoolean();
    branch.exclusively(
        proof.subject(),
        revision,
        () -> {
          observe(proof, revision, to);
          other.ifPresent(
              word -> DefaultBranch.other(revision).ifPresent(of -> observe(proof, of, word)));
          adopted.set(branch.adopt(proof, revision, to));
        });
    return adopted.get();
  }

  private void observe(Authorised<RepoId> proof, Revision revision, Observation<CommitHash> to) {
    if (words.isLatest(proof, revision, pending.pending(proof.subject(), revision), to)) {
      shown.observe(proof, revision, to);
    }
  }

  /**
   * Upstream named another commit than the one that clients see. Nothing changes if the answer to a
   * question that began later was noted before.
   *
   * @param to as of the beginning of the question
   * @param listing what came of learning the listing of that commit
   * @param as who asked upstream
   * @param refused told when the Hub refuses the repo to the one in whose name files are fetched
   */
  void moved(
      Authorised<RepoId> proof,
      Revision revision,
      Observation<CommitHash> to,
      ManifestLoader.Result listing,
      Caller as,
      Consumer<HubRefusal> refused) {
    RepoId repo = proof.subject();
    Revision leader = branch.leader(proof, revision);
    if (!leader.equals(revision)) {
      branch
          .lastWord(proof, leader)
          .filter(word -> word.value().equals(to.value()))
          // Else a warming that has just ended would begin anew, or the move would wait for it.
          .filter(word -> !isUnderWay(repo, leader, word.value()))
          .ifPresent(word -> moved(proof, leader, word, listing, as, refused));
      pending.clearIf(
          repo,
          revision,
          () -> {
            boolean isLatest = !words.isOutdated(proof, revision, to) && branch.isOne(proof);
            if (isLatest) {
              shown.noteNewest(proof, revision, to);
              branch.settle(proof, revision);
            }
            return isLatest;
          });
      return;
    }
    if (isWarmingAnother(repo, revision, to.value())) {
      // A branch that moves faster than its files can be fetched would never become visible.
      pending.keep(
          repo,
          revision,
          there -> {
            if (words.isLatest(proof, revision, there, to)) {
              shown.noteNewest(proof, revision, to);
            }
          });
      return;
    }
    pending.moveIf(
        repo,
        revision,
        readiness(listing),
        there -> words.isLatest(proof, revision, there, to),
        () -> shown.noteNewest(proof, revision, to) ? Optional.of(to) : Optional.empty());
    if (readiness(listing) == Readiness.WARMING
        && pending
            .pending(repo, revision)
            .filter(p -> p.readiness() == Readiness.WARMING && p.to().value().equals(to.value()))
            .isPresent()) {
      warmings.begin(proof, revision, to.value(), as, refused);
    }
  }

  private static Readiness readiness(ManifestLoader.Result listing) {
    return switch (listing) {
      case ManifestLoader.Result.Complete _, ManifestLoader.Result.TooLarge _ -> Readiness.WARMING;
      case ManifestLoader.Result.NoAnswer(UpstreamResult.Failed(var failure), _)
          when BackgroundTransfers.isOutage(failure) ->
          Readiness.UNANSWERED;
      case ManifestLoader.Result.Crowded _, ManifestLoader.Result.NoAnswer _ -> Readiness.UNLISTED;
    };
  }

  private boolean isUnderWay(RepoId repo, Revision revision, CommitHash commit) {
    return pending
        .pending(repo, revision)
        .filter(p -> p.to().value().equals(commit) && p.readiness() != Readiness.UNANSWERED)
        .isPresent();
  }

  private boolean isWarmingAnother(RepoId repo, Revision revision, CommitHash commit) {
    return pending
            .pending(repo, revision)
            .filter(p -> p.readiness() == Readiness.WARMING && !p.to().value().equals(commit))
            .isPresent()
        && warmings.underWay(repo, revision).isPresent();
  }
}
