package io.intrahub.access;

import io.intrahub.hub.RepoId;

/**
 * Evidence that the authoritative endpoint gives no word on who may read this repo: it can't be
 * reached, or the repo's own question to it failed or was not answered in time.
 *
 * <p>A verdict that has run out counts again with it, so who may call {@link #witnessed} is part of
 * the safety of the mirror: one class only, which asks that question. A test holds this rule.
 */
public final class OutageEvidence {
  private final RepoId repo;

  private OutageEvidence(RepoId repo) {
    this.repo = repo;
  }

  /** For the one class that asks a repo's own question; see the class comment. */
  public static OutageEvidence witnessed(RepoId repo) {
    return new OutageEvidence(repo);
  }

  /** The repo that upstream gives no word on. */
  public RepoId repo() {
    return repo;
  }
}
