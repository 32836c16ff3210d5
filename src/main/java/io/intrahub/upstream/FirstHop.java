package io.intrahub.upstream;

import io.intrahub.access.AnonymousRead;
import io.intrahub.hub.BlobId;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.RepoId;
import java.util.Optional;

/**
 * What upstream's own {@code resolve} says about a file that the client may read, before any byte
 * of it flows.
 *
 * @param repo under the id by which upstream knows it, which may differ from the one asked for
 * @param commit that the revision is now
 * @param blob the content
 * @param evidence present when no token was sent and the endpoint is authoritative
 */
public record FirstHop(
    RepoId repo, CommitHash commit, BlobId blob, Optional<AnonymousRead> evidence) {}
