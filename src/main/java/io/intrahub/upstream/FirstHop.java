package io.intrahub.upstream;

import io.intrahub.access.AnonymousRead;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.ErrorCode;
import io.intrahub.hub.HubError;
import io.intrahub.hub.RepoId;
import java.util.Optional;

/** What upstream's own {@code resolve} says about one file, before any byte of it flows. */
public sealed interface FirstHop {
  /**
   * The file is there and the asker may read it.
   *
   * @param repo under the id by which upstream knows it, which may differ from the one asked for
   * @param commit that the revision is now
   * @param blob the content
   * @param evidence present when no token was sent and the endpoint is authoritative
   */
  record Found(RepoId repo, CommitHash commit, BlobId blob, Optional<AnonymousRead> evidence)
      implements FirstHop {}

  /**
   * An authoritative endpoint said no, in the Hub's own form.
   *
   * @param refusal what it said
   */
  record Refused(Refusal refusal) implements FirstHop {}

  /**
   * No usable answer.
   *
   * @param failure why
   */
  record Failed(UpstreamFailure failure) implements FirstHop {}

  /**
   * A "no" of the Hub.
   *
   * @param error to pass on to the client
   * @param commit the commit that was looked at, with an entry that is not there
   */
  record Refusal(HubError error, Optional<CommitHash> commit) {
    /** Whether it is the repo that is refused, and not just a revision or an entry of it. */
    public boolean isOfRepo() {
      return error
          .code()
          .map(c ->
              c.equals(ErrorCode.REPO_NOT_FOUND.wire()) || c.equals(ErrorCode.GATED_REPO.wire()))
          .orElse(error.status() == 401 || error.status() == 403);
    }

    /** Whether the repo is there, but not this revision of it. */
    public boolean isOfRevision() {
      return error.code().filter(ErrorCode.REVISION_NOT_FOUND.wire()::equals).isPresent();
    }

    /** Whether the repo is gated: its metadata may be seen all the same. */
    public boolean isGate() {
      return error.code().filter(ErrorCode.GATED_REPO.wire()::equals).isPresent();
    }
  }
}
