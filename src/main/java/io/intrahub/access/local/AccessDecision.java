package io.intrahub.access.local;

/** What {@link AccessRules} say about a client and a repo. */
public sealed interface AccessDecision {
  /**
   * Returns the number of the rule that decided, as the operator counts them, from 1; 0 if no rule
   * did.
   */
  int rule();

  /** The client may read the repo, as far as the rules go. */
  record Allowed(int rule) implements AccessDecision {}

  /**
   * The client may not read the repo.
   *
   * @param reason for code that answers the client
   * @param message for a person: why, and which option decides it; one line of ASCII. It does not
   *     tell a private repo from one that does not exist.
   */
  record Refused(Reason reason, int rule, String message) implements AccessDecision {}

  /** Why a client may not read a repo. */
  enum Reason {
    /** No rule is about this client and this repo, whatever the repo is. */
    NO_RULE,
    /** The repo is gated, and the rule about it does not allow that. */
    GATED,
    /**
     * The repo is private, and the rule about it does not allow that. The client must be answered
     * as if there were no such repo.
     */
    PRIVATE
  }
}
