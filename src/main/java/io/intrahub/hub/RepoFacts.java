package io.intrahub.hub;

import java.util.Optional;

/**
 * The members of repo info that the mirror acts on.
 *
 * @param id as the Hub spells it
 * @param internalId which no other repo has, even one that is made later under the same name; empty
 *     if the answer omits it
 * @param commit the revision's commit; empty if {@code expand} reduced the answer
 * @param isPrivate whether only some may know of the repo
 * @param isGated whether its content needs a consent that its metadata does not need
 */
public record RepoFacts(
    String id,
    Optional<String> internalId,
    Optional<CommitHash> commit,
    Told isPrivate,
    Told isGated) {
  /** What an answer says about a yes-or-no question. */
  public enum Told {
    YES,
    NO,
    /** The answer omits the member, or was read only in part. */
    NOTHING
  }

  /** Whether the answer says both that the repo is not private and that it is not gated. */
  public boolean openToAll() {
    return isPrivate == Told.NO && isGated == Told.NO;
  }
}
