package io.intrahub.hub;

import java.util.Optional;

/**
 * What repo info says that the mirror acts on.
 *
 * @param id as the Hub spells it
 * @param commit the revision's commit; empty when the answer was cut down by {@code expand}
 * @param openToAll whether the answer says both that the repo is not private and that it is not
 *     gated; false when it leaves either open
 */
public record RepoFacts(String id, Optional<CommitHash> commit, boolean openToAll) {}
