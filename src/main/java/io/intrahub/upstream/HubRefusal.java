package io.intrahub.upstream;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.ErrorCode;
import io.intrahub.hub.HubError;
import java.util.Optional;

/**
 * A "no" of the Hub.
 *
 * @param error to pass on to the client
 * @param commit the commit that was looked at, with an entry that is not there
 */
public record HubRefusal(HubError error, Optional<CommitHash> commit) {
  /** The Hub has no code for it: its clients know it by this text. */
  private static final String DISABLED = "Access to this resource is disabled.";

  /** Whether it is the repo that is refused, and not just a revision or an entry of it. */
  public boolean isOfRepo() {
    return error
        .code()
        .map(
            c -> c.equals(ErrorCode.REPO_NOT_FOUND.wire()) || c.equals(ErrorCode.GATED_REPO.wire()))
        .orElse(error.status() == 401 || error.status() == 403);
  }

  /** Whether the Hub does not accept the token, for whatever repo. */
  public boolean isOfToken() {
    // Any other bare 401 has got the code of a missing repo when it was read.
    return error.status() == 401 && error.code().isEmpty();
  }

  /** Whether the repo is there, but not this revision of it. */
  public boolean isOfRevision() {
    return error.code().filter(ErrorCode.REVISION_NOT_FOUND.wire()::equals).isPresent();
  }

  /** Whether the repo is gated: its metadata may be seen all the same. */
  public boolean isGate() {
    return error.code().filter(ErrorCode.GATED_REPO.wire()::equals).isPresent();
  }

  /** Whether the Hub has disabled the repo, for everybody who may know of it. */
  public boolean isDisabled() {
    return error.status() == 403 && error.code().isEmpty() && error.message().equals(DISABLED);
  }
}
