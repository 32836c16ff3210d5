package io.intrahub.access;

import io.intrahub.hub.RepoId;

/**
 * Evidence that everybody could read a repo until the Hub said that it no longer has it.
 *
 * <p>If the operator keeps such repos, the checker believes it, so only the class that keeps the
 * tombstones may call {@link #witnessed}. A test enforces this rule.
 */
public final class RemovedEvidence {
  private final RepoId repo;

  private RemovedEvidence(RepoId repo) {
    this.repo = repo;
  }

  /** Creates evidence. For the class that keeps the tombstones; see the class comment. */
  public static RemovedEvidence witnessed(RepoId repo) {
    return new RemovedEvidence(repo);
  }

  /** Returns the repo that was removed. */
  public RepoId repo() {
    return repo;
  }
}
