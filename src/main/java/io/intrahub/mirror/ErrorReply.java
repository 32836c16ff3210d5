package io.intrahub.mirror;

import io.intrahub.hub.CommitHash;
import io.intrahub.hub.HubError;
import java.util.Optional;

/**
 * The answer to a request that can't be met, whatever was asked for.
 *
 * @param error for the client
 * @param commit for {@code X-Repo-Commit}: the commit that was looked at, when the entry is missing
 *     from it. Without it the Python client does not remember the absence and asks again at every
 *     start.
 */
public record ErrorReply(HubError error, Optional<CommitHash> commit)
    implements FileAnswer, FileAnswer.Opened, ApiReply {}
