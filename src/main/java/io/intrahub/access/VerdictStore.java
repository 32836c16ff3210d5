package io.intrahub.access;

import io.intrahub.hub.RepoId;
import java.time.Instant;
import java.util.Optional;

/**
 * Where verdicts of {@link AccessChecker} outlive a restart. Implemented by the store; a write that
 * fails is logged there and lost, which costs one more question to upstream and nothing else.
 */
public interface VerdictStore {
  /** When the repo was last seen to be public, if that was not taken back since. */
  Optional<Instant> publicSince(RepoId repo);

  /** The repo was seen to be public at this moment. */
  void rememberPublic(RepoId repo, Instant seenAt);

  /** Upstream refused an anonymous client: what was remembered no longer holds. */
  void forgetPublic(RepoId repo);
}
