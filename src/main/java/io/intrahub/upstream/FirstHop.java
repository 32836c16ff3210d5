package io.intrahub.upstream;

import io.intrahub.access.ReadEvidence;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import java.time.Duration;
import java.util.Optional;

/**
 * What upstream's own {@code resolve} says about a file that the client may read, before any byte
 * of it flows.
 *
 * @param repo under the id by which upstream knows it, which may differ from the one asked for
 * @param commit that the revision is now
 * @param blob the content
 * @param evidence that the caller may read the content; present when the endpoint is authoritative
 *     and the file is not one that the Hub shows of gated repos too
 * @param stale whether another mirror gave it from its store because it could not ask the Hub; then
 *     there is no evidence
 * @param grantAge how long ago the Hub confirmed the grant under which it was said; empty if
 *     another mirror said it and does not say that, and then there is no evidence either
 */
public record FirstHop(
    RepoId repo,
    CommitHash commit,
    BlobId blob,
    Optional<ReadEvidence> evidence,
    boolean stale,
    Optional<Duration> grantAge) {
  /** One that the Hub has just said itself. */
  public FirstHop(RepoId repo, CommitHash commit, BlobId blob, Optional<ReadEvidence> evidence) {
    this(repo, commit, blob, evidence, false, Optional.of(Duration.ZERO));
  }
}
