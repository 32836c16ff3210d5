package io.intrahub.upstream;

import io.intrahub.access.AnonymousRead;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import java.util.Optional;

/** What upstream's own {@code resolve} says about one file, before any byte of it flows. */
public sealed interface FirstHop {
  /**
   * The file is there and the client may read it.
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
  record Refused(HubRefusal refusal) implements FirstHop {}

  /**
   * No usable answer.
   *
   * @param failure why
   */
  record Failed(UpstreamFailure failure) implements FirstHop {}
}
