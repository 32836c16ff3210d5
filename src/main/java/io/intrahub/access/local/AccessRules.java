package io.intrahub.access.local;

import io.intrahub.hub.RepoId;
import java.util.List;

/**
 * Decides which clients may read which repos in the modes in which the client's own token does not
 * count. Pure and immutable.
 *
 * <ul>
 *   <li>The first rule that matches client and repo decides. If it does not allow gated or private
 *       repos, such a repo is refused, even if a later rule would allow it.
 *   <li>If there are rules and none matches, the repo is refused, even a public one.
 *   <li>Without rules, everybody may read public repos and nobody anything else.
 *   <li>A local token that is limited to other repos counts as no token: it neither gives nor takes
 *       anything there. So do expired and unknown tokens.
 * </ul>
 *
 * <p>Decide about each id of a repo that the mirror learns of, the one that the client sent and the
 * one that the Hub calls it, because a repo can be moved to a name that other rules match.
 */
public final class AccessRules {
  private final List<AccessRule> rules;
  private final Refusals refusals;

  private AccessRules(List<AccessRule> rules, Refusals refusals) {
    this.rules = List.copyOf(rules);
    this.refusals = refusals;
  }

  /** Returns the rules of mode {@link AccessMode#SERVICE}, in the order of the configuration. */
  public static AccessRules of(List<AccessRule> rules) {
    return new AccessRules(rules, rules.isEmpty() ? Refusals.WITHOUT_RULES : Refusals.BY_RULES);
  }

  /** Returns what holds in mode {@link AccessMode#PUBLIC_ONLY}. */
  public static AccessRules publicOnly() {
    return new AccessRules(List.of(), Refusals.PUBLIC_ONLY);
  }

  /** Returns the same, with a message for an upstream that receives no tokens. */
  public static AccessRules withoutUpstreamTokens() {
    return new AccessRules(List.of(), Refusals.NO_UPSTREAM_TOKENS);
  }

  /**
   * Decides whether a client may read a repo.
   *
   * <p>For {@link RepoVisibility#PUBLIC}, the answer is also whether the mirror may ask the Hub
   * about this repo on behalf of the client at all: what is refused then is refused whatever the
   * repo is.
   */
  public AccessDecision decide(Requester who, RepoId repo, RepoVisibility visibility) {
    if (rules.isEmpty()) {
      return visibility == RepoVisibility.PUBLIC
          ? new AccessDecision.Allowed(0)
          : refused(who, repo, visibility, 0);
    }
    int number = firstMatch(who, repo);
    if (number == 0) {
      return new AccessDecision.Refused(
          AccessDecision.Reason.NO_RULE, 0, refusals.noRule(who, repo));
    }
    return rules.get(number - 1).allows(visibility)
        ? new AccessDecision.Allowed(number)
        : refused(who, repo, visibility, number);
  }

  /**
   * Returns whether the rules let any client read a repo: each rule that is the first one for some
   * client allows it, and one of them is about all clients.
   */
  public boolean openToEverybody(RepoId repo, RepoVisibility visibility) {
    if (rules.isEmpty()) {
      return visibility == RepoVisibility.PUBLIC;
    }
    for (AccessRule rule : rules) {
      if (rule.isAbout(repo)) {
        if (!rule.allows(visibility)) {
          return false;
        }
        if (rule.isForAllClients()) {
          return true;
        }
      }
    }
    return false;
  }

  /** Returns the number of the first rule about this client and repo, from 1; 0 for none. */
  private int firstMatch(Requester who, RepoId repo) {
    for (int i = 0; i < rules.size(); i++) {
      if (rules.get(i).matches(who, repo)) {
        return i + 1;
      }
    }
    return 0;
  }

  private AccessDecision refused(
      Requester who, RepoId repo, RepoVisibility visibility, int number) {
    boolean allowsPrivate = number > 0 && rules.get(number - 1).allowsPrivate();
    return visibility.isPrivate() && !allowsPrivate
        ? new AccessDecision.Refused(
            AccessDecision.Reason.PRIVATE, number, refusals.notFound(who, repo, number))
        : new AccessDecision.Refused(
            AccessDecision.Reason.GATED, number, refusals.gated(who, repo, number));
  }

  /**
   * Returns the message for a repo of which the Hub says that it does not exist. It is the same
   * message as for a private repo that this client may not read, so that the two look alike.
   */
  public String notFound(Requester who, RepoId repo) {
    int number = rules.isEmpty() ? 0 : firstMatch(who, repo);
    return number > 0 && rules.get(number - 1).allowsPrivate()
        ? "Repository not found"
        : refusals.notFound(who, repo, number);
  }
}
