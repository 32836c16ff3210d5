package io.intrahub.access;

import io.intrahub.access.local.AccessDecision;
import io.intrahub.access.local.AccessRules;
import io.intrahub.access.local.RepoVisibility;
import io.intrahub.access.local.Requester;
import io.intrahub.hub.RepoId;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Clients read with the mirror's own token what the operator's rules allow them. A token of a
 * client is never sent to the Hub: it may be a local token, which the rules know, or counts for
 * nothing. Safe for use by many threads.
 */
public final class SitePolicy implements ReadPolicy {
  private final AccessRules rules;
  private final Supplier<Optional<AccessToken>> token;
  private final Fingerprints fingerprints;

  /**
   * Creates a policy.
   *
   * @param token the mirror's own, asked for again at each use; empty: only public repos are served
   */
  public SitePolicy(
      AccessRules rules, Supplier<Optional<AccessToken>> token, Fingerprints fingerprints) {
    this.rules = rules;
    this.token = token;
    this.fingerprints = fingerprints;
  }

  @Override
  public Optional<Caller> reader(Caller client, RepoId repo) {
    boolean mayHelp =
        refusal(client, repo, RepoVisibility.GATED).isEmpty()
            || refusal(client, repo, RepoVisibility.PRIVATE).isEmpty();
    return token
        .get()
        .filter(_ -> mayHelp)
        .map(own -> fingerprints.caller(Optional.of(own), client.client()))
        // Limits count what is asked in its name against the client.
        .map(own ->
            new Caller(
                own.authority(), own.token(), client.client(), client.requester(), client.via()));
  }

  @Override
  public Optional<AccessDecision.Refused> refusal(
      Caller client, RepoId repo, RepoVisibility visibility) {
    Requester who = client.requester().orElseThrow();
    return rules.decide(who, repo, visibility) instanceof AccessDecision.Refused refused
        ? Optional.of(refused)
        : Optional.empty();
  }

  @Override
  public boolean opensToEverybody(RepoId repo, RepoVisibility visibility) {
    return rules.openToEverybody(repo, visibility);
  }

  @Override
  public boolean hasRules() {
    return true;
  }

  @Override
  public String notFound(Caller client, RepoId repo) {
    return rules.notFound(client.requester().orElseThrow(), repo);
  }
}
