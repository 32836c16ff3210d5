package io.intrahub.upstream.hub;

import io.intrahub.access.ReadEvidence;
import io.intrahub.hub.RepoFacts;
import io.intrahub.hub.RepoId;
import java.time.Duration;
import java.util.Optional;

/**
 * A successful answer to a call for repo info.
 *
 * @param asked the id that was asked about
 * @param repo under the id by which upstream knows it; another one than was asked about if the repo
 *     was renamed, or asked about in another case
 * @param facts what the mirror acts on. Only the beginning of a large body is parsed for them; a
 *     fact that the beginning lacks counts as missing.
 * @param body the JSON; to be closed by whoever takes the answer
 * @param evidence of what the caller may read: the content of a repo that is not gated, the
 *     metadata of one that is. Present when the endpoint is authoritative and the answer says which
 * @param stale whether another mirror gave it from its store because it could not ask the Hub
 * @param grantAge how long ago the Hub confirmed the grant under which it was given; empty if
 *     another mirror gave it and does not say that, and then there is no evidence
 */
public record RepoInfoAnswer(
    RepoId asked,
    RepoId repo,
    RepoFacts facts,
    ApiBody body,
    Optional<ReadEvidence> evidence,
    boolean stale,
    Optional<Duration> grantAge) {}
