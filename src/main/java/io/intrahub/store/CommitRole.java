package io.intrahub.store;

/** What a commit is for a revision that shows another one. */
public enum CommitRole {
  /** The newest one that upstream named. */
  NEWEST,
  /** The newest one of which the store serves all files that it served of the commits before. */
  SERVABLE
}
