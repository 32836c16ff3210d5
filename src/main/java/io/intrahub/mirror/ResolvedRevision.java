package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.access.Caller;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.upstream.HubRefusal;
import io.intrahub.upstream.UpstreamResult;
import java.util.Optional;

/**
 * Which commit a revision is, and whether this client may read what is kept of it. {@link
 * UpstreamResult.Refused} in its place means that the Hub, or a rule of the operator, refused it,
 * {@link UpstreamResult.Failed} that nothing is stored and upstream gave no answer.
 */
sealed interface ResolvedRevision {
  /** Whether the Hub says that there is no such revision: to whom it says so, it shows the repo. */
  static boolean isRevisionMissing(UpstreamResult<ResolvedRevision> resolved) {
    return resolved instanceof UpstreamResult.Refused(var refusal) && refusal.isOfRevision();
  }

  /** Whether the client may not read the repo, as far as is known. */
  static boolean isClosed(UpstreamResult<ResolvedRevision> resolved) {
    return switch (resolved) {
      case UpstreamResult.Value(NotKept _) -> true;
      case UpstreamResult.Refused(var refusal) -> refusal.isOfRepo();
      default -> false;
    };
  }

  /**
   * It may.
   *
   * @param repo under the id by which upstream knows it
   * @param commit what the revision is
   * @param reader as whom upstream is asked for what is missing: nobody in particular, or the
   *     client with their token
   * @param label fresh or stale; its source says whether upstream was asked just now
   */
  record At(Authorised<RepoId> repo, CommitHash commit, CacheLabel label, Caller reader)
      implements ResolvedRevision {
    /** The same, for an answer that no cache on the way may keep. */
    At asRestricted() {
      return new At(repo, commit, label.asRestricted(), reader);
    }

    /** The same, for an answer that may not name all files of the commit. */
    At asPartial() {
      return new At(repo, commit, label.asPartial(), reader);
    }
  }

  /**
   * It may not, as far as is known: this client is answered by upstream with its own token, and
   * nothing is kept.
   *
   * @param repo as it was asked for
   * @param refusal what upstream said to an anonymous client; empty when it let them see metadata
   */
  record NotKept(RepoId repo, Optional<HubRefusal> refusal) implements ResolvedRevision {}
}
