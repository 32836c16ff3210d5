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
  private final boolean whateverItIs;

  private RuleEvidence(RepoId repo, boolean whateverItIs) {
    this.repo = repo;
    this.whateverItIs = whateverItIs;
  }

  /**
   * Creates evidence. For the class that asks the rules; see the class comment.
   *
   * @param whateverItIs whether the rules let the client read the repo even if it is private and
   *     gated, so that it may also read what the Hub never said of the repo
   */
  public static RuleEvidence witnessed(RepoId repo, boolean whateverItIs) {
    return new RuleEvidence(repo, whateverItIs);
  }

  /** Returns the repo that the rules allow. */
  public RepoId repo() {
    return repo;
  }

  /** Returns whether they allow it even if it is private and gated. */
  public boolean isWhateverItIs() {
    return whateverItIs;
  }
}
