package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.metrics.Meters;
import io.intrahub.policy.BranchMove.Readiness;
import io.intrahub.policy.Observation;
import io.intrahub.store.CommitRole;
import io.intrahub.store.RepoStore;
import java.time.Instant;
import java.util.Optional;

/**
 * Writes to the store which commit clients see of a revision, with the commits that have a role
 * beside it. It holds no state. Methods that write are called only while {@link PendingCommits}
 * locks the changes of the revision.
 */
final class ShownCommits {
  private final RepoStore store;
  private final Meters meters;

  ShownCommits(RepoStore store, Meters meters) {
    this.store = store;
    this.meters = meters;
  }

  /** Whether clients see another commit than this one. */
  boolean isOther(Authorised<RepoId> proof, Revision revision, CommitHash commit) {
    return isOther(store.revision(proof, revision), commit);
  }

  private static boolean isOther(Optional<Observation<CommitHash>> shown, CommitHash commit) {
    return shown.filter(s -> !s.value().equals(commit)).isPresent();
  }

  /** The last observation of upstream, if clients see another commit. */
  Optional<Observation<CommitHash>> newer(
      Authorised<RepoId> proof, Revision revision, CommitHash shown) {
    return store
        .revision(proof, revision, CommitRole.NEWEST)
        .filter(newest -> !newest.value().equals(shown));
  }

  /** Makes a pending move visible. */
  void show(Authorised<RepoId> proof, Revision revision, PendingCommit due) {
    RepoId repo = proof.subject();
    switch (due.readiness()) {
      case DELETED -> {
        meters.commit(Meters.CommitEvent.DELETED);
        store.forgetRevision(repo, revision);
      }
      case FALLBACK -> {
        meters.commit(Meters.CommitEvent.FALLBACK);
        Observation<CommitHash> shown = store.revision(proof, revision).orElse(due.to());
        if (store.revision(proof, revision, CommitRole.NEWEST).isEmpty()) {
          store.putRevision(repo, revision, CommitRole.NEWEST, shown);
        }
        // As old as what is known of the branch: an older observation would not replace it.
        store.putRevision(repo, revision, new Observation<>(due.to().value(), shown.learnedAt()));
        store.forgetRevision(repo, revision, CommitRole.SERVABLE);
        forgetNewest(proof, revision, due.to().value());
      }
      default -> {
        meters.commit(Meters.CommitEvent.VISIBLE);
        Instant learnedAt =
            store
                .revision(proof, revision)
                .map(Observation::learnedAt)
                .filter(due.to().learnedAt()::isBefore)
                .orElse(due.to().learnedAt());
        // The commit before it may have been confirmed since: an older one would not replace it.
        Observation<CommitHash> to = new Observation<>(due.to().value(), learnedAt);
        show(proof, revision, to, due.readiness() == Readiness.COMPLETE);
      }
    }
  }

  /** Notes a commit that upstream named, if clients see another one. */
  void observe(Authorised<RepoId> proof, Revision revision, Observation<CommitHash> to) {
    if (isOther(proof, revision, to.value())) {
      putNewest(proof, revision, to);
    }
  }

  /**
   * Notes a commit that upstream named and that is not visible yet, and that the visible one is
   * shown for now.
   *
   * @return whether clients have to wait for it
   */
  boolean noteNewest(Authorised<RepoId> proof, Revision revision, Observation<CommitHash> to) {
    putNewest(proof, revision, to);
    return confirm(proof, revision, to);
  }

  private void putNewest(Authorised<RepoId> proof, Revision revision, Observation<CommitHash> to) {
    boolean another =
        store
            .revision(proof, revision, CommitRole.NEWEST)
            .filter(n -> n.value().equals(to.value()))
            .isEmpty();
    store.putRevision(proof.subject(), revision, CommitRole.NEWEST, to);
    if (another) {
      meters.commit(Meters.CommitEvent.SEEN);
    }
  }

  /**
   * Notes that the commit that clients see was confirmed to be shown for now; else each request
   * would ask again. If clients see none, they see the new one.
   */
  private boolean confirm(Authorised<RepoId> proof, Revision revision, Observation<CommitHash> to) {
    CommitHash visible = store.revision(proof, revision).orElse(to).value();
    store.putRevision(proof.subject(), revision, new Observation<>(visible, to.learnedAt()));
    return !visible.equals(to.value());
  }

  /** Confirms the commit that clients see, although upstream says that its revision is deleted. */
  boolean confirmDeleted(Authorised<RepoId> proof, Revision revision, Instant now) {
    Optional<Observation<CommitHash>> visible = store.revision(proof, revision);
    visible.ifPresent(
        v -> store.putRevision(proof.subject(), revision, new Observation<>(v.value(), now)));
    return visible.isPresent();
  }

  /** Makes the commit visible that upstream has just named. */
  void showNow(Authorised<RepoId> proof, Revision revision, Observation<CommitHash> to) {
    boolean servable =
        store
            .revision(proof, revision, CommitRole.SERVABLE)
            .filter(s -> s.value().equals(to.value()))
            .isPresent();
    show(proof, revision, to, servable);
    if (store.revision(proof, revision, CommitRole.NEWEST).isPresent()) {
      store.forgetRevision(proof.subject(), revision, CommitRole.NEWEST);
    }
  }

  /**
   * The order of the writes matters: whenever the process ends, the servable commit is known.
   *
   * @param servable whether the store can serve the commit as well as the one before
   */
  private void show(
      Authorised<RepoId> proof, Revision revision, Observation<CommitHash> to, boolean servable) {
    RepoId repo = proof.subject();
    Optional<Observation<CommitHash>> shown = store.revision(proof, revision);
    Optional<Observation<CommitHash>> kept = store.revision(proof, revision, CommitRole.SERVABLE);
    if (!servable && kept.isEmpty() && isOther(shown, to.value())) {
      store.putRevision(repo, revision, CommitRole.SERVABLE, shown.get());
    }
    store.putRevision(repo, revision, to);
    if (servable && kept.isPresent()) {
      store.forgetRevision(repo, revision, CommitRole.SERVABLE);
    }
    forgetNewest(proof, revision, to.value());
  }

  /**
   * Has clients see of one revision what they see of another one, with the commits beside it. When
   * each was observed stays.
   */
  void follow(Authorised<RepoId> proof, Revision from, Revision to) {
    Optional<Observation<CommitHash>> other = store.revision(proof, from);
    Optional<Observation<CommitHash>> known = store.revision(proof, to);
    if (other.isPresent() && known.isPresent()) {
      copy(proof, from, other.get().value(), to, known.get().learnedAt());
    }
  }

  /**
   * The same for a revision of which clients saw nothing yet.
   *
   * @param named what upstream has just said of it
   */
  void adopt(Authorised<RepoId> proof, Revision from, Revision to, Observation<CommitHash> named) {
    Optional<Observation<CommitHash>> other = store.revision(proof, from);
    if (other.isPresent()) {
      copy(proof, from, other.get().value(), to, named.learnedAt());
      putNewest(proof, to, named);
    }
  }

  private void copy(
      Authorised<RepoId> proof, Revision from, CommitHash visible, Revision to, Instant observed) {
    RepoId repo = proof.subject();
    Optional<CommitHash> newest = newer(proof, from, visible).map(Observation::value);
    Optional<Observation<CommitHash>> servable = store.revision(proof, from, CommitRole.SERVABLE);
    // First what is served if the process ends here and upstream is gone.
    if (!servable.equals(store.revision(proof, to, CommitRole.SERVABLE))) {
      store.forgetRevision(repo, to, CommitRole.SERVABLE);
      servable.ifPresent(s -> store.putRevision(repo, to, CommitRole.SERVABLE, s));
    }
    Observation<CommitHash> now = new Observation<>(visible, observed);
    if (!store.revision(proof, to).equals(Optional.of(now))) {
      store.putRevision(repo, to, now);
    }
    Optional<CommitHash> known =
        store.revision(proof, to, CommitRole.NEWEST).map(Observation::value);
    if (known.isPresent() && !known.equals(newest)) {
      store.forgetRevision(repo, to, CommitRole.NEWEST);
    }
    newest
        .filter(n -> !known.equals(Optional.of(n)))
        .ifPresent(
            n -> store.putRevision(repo, to, CommitRole.NEWEST, new Observation<>(n, observed)));
  }

  private void forgetNewest(Authorised<RepoId> proof, Revision revision, CommitHash shown) {
    Optional<Observation<CommitHash>> newest = store.revision(proof, revision, CommitRole.NEWEST);
    if (newest.filter(n -> n.value().equals(shown)).isPresent()) {
      store.forgetRevision(proof.subject(), revision, CommitRole.NEWEST);
    }
  }
}
