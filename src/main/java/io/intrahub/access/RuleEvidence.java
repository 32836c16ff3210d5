package io.intrahub.access;

import io.intrahub.hub.RepoId;

/**
 * Evidence that the operator's rules let the client read what is stored of a repo, where there is
 * no Hub to ask.
 *
 * <p>The checker believes it, so only the class that asks the rules may call {@link #witnessed}. A
 * test enforces this rule.
 */
public final class RuleEvidence {
  private final RepoId repo;

  private RuleEvidence(RepoId repo) {
    this.repo = repo;
  }

  /** Creates evidence. For the class that asks the rules; see the class comment. */
  public static RuleEvidence witnessed(RepoId repo) {
    return new RuleEvidence(repo);
  }

  /** Returns the repo that the rules allow. */
  public RepoId repo() {
    return repo;
  }
}
