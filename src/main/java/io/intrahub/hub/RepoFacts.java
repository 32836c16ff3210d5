package io.intrahub.hub;

import java.util.Optional;

/**
 * The members of repo info that the mirror acts on.
 *
 * @param id as the Hub spells it
 * @param commit the revision's commit; empty if {@code expand} reduced the answer
 * @param openToAll whether the answer says both that the repo is not private and that it is not
 *     gated; false if it omits either
 */
public record RepoFacts(String id, Optional<CommitHash> commit, boolean openToAll) {}
