package io.intrahub.access;

import io.intrahub.hub.RepoId;

/**
 * Evidence that the authoritative endpoint gives no word on who may read this repo: it can't be
 * reached, or the repo's own question to it failed or was not answered in time.
 *
 * <p>It makes a grant that has run out count again, so only the class that asks that question may
 * call {@link #witnessed}. A test enforces this rule.
 */
public final class OutageEvidence {
  private final RepoId repo;

  private OutageEvidence(RepoId repo) {
    this.repo = repo;
  }

  /** Creates evidence. For the class that asks a repo's own question; see the class comment. */
  public static OutageEvidence witnessed(RepoId repo) {
    return new OutageEvidence(repo);
  }

  /** Returns the repo about which upstream gives no answer. */
  public RepoId repo() {
    return repo;
  }
}
