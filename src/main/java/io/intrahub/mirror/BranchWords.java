package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.access.Caller;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import io.intrahub.upstream.HubRefusal;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Takes that upstream named a commit of a branch or tag. If the default branch or {@code main} has
 * moved, the other one of the two is asked about first: see {@link DefaultBranch}. Without an
 * answer they are two branches until the next one.
 *
 * <p>Holds no state. Safe for use by many threads.
 *
 * @param question asks upstream
 * @param patience for how long a client that waits for one revision also waits for the other, and
 *     for the files of a commit
 * @param longest for how long a refresh waits for the other revision
 */
record BranchWords(
    ManifestLoader manifests,
    BranchCommits branches,
    Question question,
    Duration patience,
    Duration longest) {
  /** Asks upstream about a revision. */
  interface Question {
    /**
     * The commit that upstream names, as of the beginning of the question; empty if it does not.
     */
    CompletableFuture<Optional<Observation<CommitHash>>> ask(
        RepoId repo, Revision revision, Caller as);
  }

  /**
   * What upstream named.
   *
   * @param own the commit of the revision that it was asked about
   * @param other the commit of the other one, if it was asked about that too and answered
   */
  private record Words(Observation<CommitHash> own, Optional<Observation<CommitHash>> other) {
    void ifOther(Revision revision, BiConsumer<Revision, Observation<CommitHash>> use) {
      other.ifPresent(to -> DefaultBranch.other(revision).ifPresent(of -> use.accept(of, to)));
    }
  }

  /** Begins to learn the listing of a commit that upstream named. */
  interface InBackground {
    /** Done when the listing is known, and the commit may become visible. */
    CompletableFuture<?> learn(Revision revision, Observation<CommitHash> commit);
  }

  /**
   * Takes that a revision is at this commit, and learns the listing of a new one.
   *
   * @param commit as of the beginning of the question that named it
   * @param as who asked upstream
   * @param refused told when the Hub refuses the repo to the one in whose name files are fetched
   */
  void learn(
      Authorised<RepoId> proof,
      Revision revision,
      Observation<CommitHash> commit,
      Caller as,
      Consumer<HubRefusal> refused) {
    boolean mayAdopt = branches.defaultBranch().mayAdopt(proof, revision);
    Words words = words(proof, revision, commit, as, longest);
    if (mayAdopt || words.other().isPresent()) {
      branches.observed(proof, revision, words.own(), words.other());
    }
    // What is pending is pending of main if the two are one, so the default branch follows.
    boolean last = revision.equals(Revision.DEFAULT);
    if (!last) {
      moved(proof, revision, words.own(), as, refused);
    }
    words.ifOther(revision, (other, to) -> moved(proof, other, to, as, refused));
    if (last) {
      moved(proof, revision, words.own(), as, refused);
    }
  }

  private void moved(
      Authorised<RepoId> proof,
      Revision revision,
      Observation<CommitHash> commit,
      Caller as,
      Consumer<HubRefusal> refused) {
    if (!branches.confirmed(proof, revision, commit, as, refused)) {
      branches.observed(proof, revision, commit, Optional.empty());
      ManifestLoader.Result listing = manifests.learn(proof, commit.value(), as);
      branches.moved(proof, revision, commit, listing, as, refused);
    }
    branches.notes().learned(proof.subject(), revision, commit.learnedAt());
  }

  /**
   * Takes that a revision of which nothing was known to a client is at this commit: all see it, or
   * they go on to see the one that others are loading. The client that asked need not wait for the
   * listing of a commit that it is not shown. Its next request may find no answer, and must get the
   * same commit if it wants that word.
   *
   * @param commit as of the beginning of the question that named it
   * @param as who asked upstream
   */
  void show(
      Authorised<RepoId> proof,
      Revision revision,
      Observation<CommitHash> commit,
      Caller as,
      InBackground background) {
    boolean mayAdopt = branches.defaultBranch().mayAdopt(proof, revision);
    Words words = words(proof, revision, commit, as, patience);
    boolean adopted =
        (mayAdopt || words.other().isPresent())
            && branches.observed(proof, revision, words.own(), words.other());
    if (adopted && branches.loads().isQuiet(proof, revision)) {
      // Nobody loads the commit that is shown, which may be old.
      var _ = BoundedWait.until(background.learn(revision, words.own()), patience);
      branches.showIfQuiet(proof, revision, patience);
    } else if (!branches.showUnlessLoading(proof, revision, words.own())) {
      branches.observed(proof, revision, words.own(), Optional.empty());
      var _ = background.learn(revision, words.own());
    }
    words.ifOther(
        revision,
        (other, to) -> {
          var _ = background.learn(other, to);
        });
  }

  /** The commit of a revision, and of the other one if upstream had to be asked about that. */
  private Words words(
      Authorised<RepoId> proof,
      Revision revision,
      Observation<CommitHash> commit,
      Caller as,
      Duration atMost) {
    DefaultBranch branch = branches.defaultBranch();
    Optional<Revision> other = branch.toAsk(proof, revision, commit.value());
    if (other.isEmpty()) {
      return new Words(commit, Optional.empty());
    }
    boolean wasOne = branch.isOne(proof) || branch.mayAdopt(proof, revision);
    Optional<CommitHash> before = branch.lastNamed(proof, other.get());
    Optional<Observation<CommitHash>> answer = ask(proof, other.get(), as, atMost);
    Optional<CommitHash> after = answer.map(Observation::value);
    boolean third = after.isPresent() && !after.equals(before);
    if (wasOne && third && !after.get().equals(commit.value())) {
      // The branch may have moved once more between the two questions.
      return new Words(ask(proof, revision, as, atMost).orElse(commit), answer);
    }
    return new Words(commit, answer);
  }

  private Optional<Observation<CommitHash>> ask(
      Authorised<RepoId> proof, Revision revision, Caller as, Duration atMost) {
    return BoundedWait.until(question.ask(proof.subject(), revision, as), atMost)
        .flatMap(answer -> answer);
  }
}
