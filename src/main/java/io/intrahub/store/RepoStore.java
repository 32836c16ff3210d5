package io.intrahub.store;

import io.intrahub.access.Authorised;
import io.intrahub.access.GrantStore;
import io.intrahub.base.MemoryBudget;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.Revision;
import io.intrahub.policy.Observation;
import java.io.IOException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is known of repos: which commit a revision was, what a commit holds, what the Hub said about
 * it. Reads need a proof. A {@code put} that fails is logged and lost: the client's answer does not
 * depend on it.
 *
 * <p>Safe for use by many threads.
 */
public interface RepoStore extends GrantStore {
  /** The last observation of this revision. {@link Revision#DEFAULT} has its own. */
  Optional<Observation<CommitHash>> revision(Authorised<RepoId> repo, Revision revision);

  /**
   * Remembers an observation, unless a younger one of the same revision is there. One that claims
   * to be from the future is not younger: the clock was set back since.
   */
  void putRevision(RepoId repo, Revision revision, Observation<CommitHash> observation);

  /** Upstream said that there is no such revision any more. Its other commits are forgotten too. */
  void forgetRevision(RepoId repo, Revision revision);

  /** The commit that has this role for a revision, beside the one that clients see. */
  Optional<Observation<CommitHash>> revision(
      Authorised<RepoId> repo, Revision revision, CommitRole role);

  /**
   * Remembers a commit in this role, as {@link #putRevision(RepoId, Revision, Observation)} does.
   */
  void putRevision(
      RepoId repo, Revision revision, CommitRole role, Observation<CommitHash> observation);

  /** No commit has this role for the revision any more. */
  void forgetRevision(RepoId repo, Revision revision, CommitRole role);

  /** All revisions of the repo that were observed, with the commits that clients see. */
  List<ObservedRevision> revisions(Authorised<RepoId> repo);

  /** The manifest of a commit. */
  Optional<Manifest> manifest(Authorised<RepoId> repo, CommitHash commit);

  /**
   * Begins to write the manifest of a commit.
   *
   * @param memory grown by the bytes that the writer holds in memory; to be closed by the caller,
   *     after the writer
   */
  ManifestWriter newManifest(RepoId repo, CommitHash commit, MemoryBudget.Reservation memory);

  /**
   * Another answer about a commit, as upstream sent it.
   *
   * @param name what was asked, for example {@code info?blobs=true}; any text
   */
  Optional<StoredAnswer> answer(Authorised<RepoId> repo, CommitHash commit, String name);

  /** Number of answers about a commit that are kept. */
  int answers(RepoId repo, CommitHash commit);

  /**
   * Begins to write an answer about a commit.
   *
   * @param memory grown by the bytes that the writer holds in memory; to be closed by the caller,
   *     after the writer
   */
  AnswerWriter newAnswer(
      RepoId repo, CommitHash commit, String name, MemoryBudget.Reservation memory);

  /**
   * Remembers an answer that is in memory, in place of an older one of this name.
   *
   * @param answer its bytes must not be changed afterwards
   */
  void putAnswer(RepoId repo, CommitHash commit, String name, Observation<byte[]> answer);

  /**
   * In place of an {@link #internalId}: something was imported of the repo since the Hub last named
   * its id, so it is not known whether that is of the same repo. The Hub has no such id.
   */
  String IMPORTED = "imported";

  /**
   * In place of an {@link #internalId}: the repo that has this id has another name now, under which
   * all that was known of it is kept too. The Hub has no such id.
   */
  static String renamed(String id) {
    return RENAMED + id;
  }

  /** What {@link #renamed} begins with; no id of the Hub has a space. */
  String RENAMED = "renamed ";

  /** Whether an {@link #internalId} is one that the Hub gave, for a repo of that very name. */
  static boolean isOfHub(String id) {
    return !id.equals(IMPORTED) && !id.startsWith(RENAMED);
  }

  /**
   * The Hub's internal id of the repo that all this is known of, {@link #IMPORTED}, or {@link
   * #renamed}.
   */
  Optional<String> internalId(RepoId repo);

  /** Remembers the internal id of a repo. */
  void putInternalId(RepoId repo, Observation<String> id);

  /**
   * Puts {@link #IMPORTED} in the place of any internal id of a repo.
   *
   * @param at when something is imported of it
   * @throws IOException when the earlier id may come back with the next process
   */
  void markImported(RepoId repo, Instant at) throws IOException;

  /**
   * Copies what is known of the revisions and commits of a repo to another name of the same repo,
   * with the blobs that it has to itself. What is younger there stays. Grants and the internal id
   * are not copied: only the Hub says who may read under which name.
   *
   * @throws IOException when a part of it is not copied; another call copies the rest
   */
  void copyRepo(RepoId from, RepoId to) throws IOException;

  /**
   * Forgets all that is known of a repo, and all grants: another repo has its name now. What can't
   * be removed is not believed any more.
   */
  void forgetRepo(RepoId repo);

  /**
   * Removes all that is known of a repo, for the operator: grants and the tombstone first, so that
   * nobody may read what is left if this does not come to its end. Other names of the repo are
   * forgotten too. Blobs stay.
   *
   * @throws IOException when a part of it is left
   */
  void removeRepo(RepoId repo) throws IOException;

  /**
   * Removes revisions of a repo, and then commits with their manifests and answers, for the
   * operator. Blobs stay.
   *
   * @throws IOException when a part of it is left
   */
  void removeCommits(RepoId repo, Collection<Revision> revisions, Collection<CommitHash> commits)
      throws IOException;

  /**
   * Ends all grants of a repo and closes its tombstone, so that nobody may read it before the Hub,
   * or a rule of the operator, lets them again.
   *
   * @throws IOException when one of them may come back with the next process
   */
  void revokeAll(RepoId repo) throws IOException;

  /** The repos that the Hub no longer serves, with what it said and when. */
  Map<RepoId, Observation<Tombstone>> tombstones();

  /** Remembers that the Hub no longer serves a repo, in place of an older tombstone. */
  void putTombstone(RepoId repo, Observation<Tombstone> tombstone);

  /** Forgets the tombstone of a repo. */
  void forgetTombstone(RepoId repo);

  /** Under which id the Hub knows a repo that was asked for by an old name or in another case. */
  Optional<Observation<RepoId>> alias(RepoId asked);

  /** Remembers an alias, in place of an older one. */
  void putAlias(RepoId asked, Observation<RepoId> canonical);

  /**
   * One observed revision.
   *
   * @param revision what was asked
   * @param commit what it was, and when
   * @param role empty: clients see this commit
   */
  record ObservedRevision(
      Revision revision, Observation<CommitHash> commit, Optional<CommitRole> role) {
    /** The commit that clients see. */
    public ObservedRevision(Revision revision, Observation<CommitHash> commit) {
      this(revision, commit, Optional.empty());
    }
  }
}
