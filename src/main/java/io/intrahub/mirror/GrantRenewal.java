package io.intrahub.mirror;

import io.intrahub.access.Authorised;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import io.intrahub.policy.Observation;
import io.intrahub.upstream.UpstreamFailure;
import io.intrahub.upstream.UpstreamResult;
import java.util.Optional;

/** What came of asking about a grant that has run out, or is not there. */
sealed interface GrantRenewal {
  /**
   * The Hub confirmed it.
   *
   * @param commit that the revision is which was asked about, if the Hub named it
   */
  record Readable(Authorised<RepoId> proof, Optional<Observation<CommitHash>> commit)
      implements GrantRenewal {}

  /** The Hub said something else: not a failure. */
  record Other(UpstreamResult<ProbeResult> probed) implements GrantRenewal {}

  /**
   * The Hub gave no word, so the grant counts: what is served is to be labelled as stale.
   *
   * @param why the question failed
   */
  record Missing(Authorised<RepoId> proof, UpstreamFailure why) implements GrantRenewal {}

  /**
   * The Hub gave no word, and there is nothing to go by.
   *
   * @param why the question failed
   */
  record Unknown(UpstreamFailure why) implements GrantRenewal {}
}
