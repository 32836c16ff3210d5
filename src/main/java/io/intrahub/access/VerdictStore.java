package io.intrahub.access;

import io.intrahub.hub.RepoId;
import java.time.Instant;
import java.util.Optional;

/**
 * Keeps the verdicts of {@link AccessChecker} across a restart. Implemented by the store, which
 * logs a failed write; a lost verdict costs only one more question to upstream.
 */
public interface VerdictStore {
  /** Returns when the repo was last seen to be public, unless that was revoked since. */
  Optional<Instant> publicSince(RepoId repo);

  /** Records that the repo was seen to be public at this moment. */
  void rememberPublic(RepoId repo, Instant seenAt);

  /** Revokes the verdict, because upstream refused an anonymous client. */
  void forgetPublic(RepoId repo);
}
