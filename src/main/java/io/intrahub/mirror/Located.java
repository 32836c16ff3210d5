package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamFailure;
import java.util.Optional;

/** Which commit a revision is, and whether what is kept of it may be read by everybody. */
sealed interface Located {
  /**
   * It may.
   *
   * @param repo under the id by which upstream knows it
   * @param commit what the revision is
   * @param label fresh or stale; its source says whether upstream was asked just now
   */
  record At(Authorised<RepoId> repo, CommitHash commit, CacheLabel label) implements Located {}

  /**
   * It may not: each asker is answered by upstream with their own token, and nothing is kept.
   *
   * @param repo as it was asked for
   * @param refusal what upstream said to an anonymous asker; empty when it let them see metadata
   */
  record NotKept(RepoId repo, Optional<FirstHop.Refusal> refusal) implements Located {}

  /**
   * The Hub has no such revision or entry, and said so to an anonymous asker.
   *
   * @param refusal what it said
   */
  record Refused(FirstHop.Refusal refusal) implements Located {}

  /**
   * Nothing is there and upstream gives no answer.
   *
   * @param failure why
   */
  record Failed(UpstreamFailure failure) implements Located {}
}
