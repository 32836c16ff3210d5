package io.intrahub.access.local;

import io.intrahub.base.AddressRanges;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoPattern;
import java.util.List;
import java.util.Optional;

/**
 * One rule of the operator: which clients may read which repos.
 *
 * @param clients networks of the clients; empty for any
 * @param tokens names of local tokens, of which the client must hold one; empty for any client,
 *     with or without a token. If there are {@code clients} too, both must match.
 * @param repos patterns of the repos, of which one must match
 * @param allowsGated whether gated repos may be read
 * @param allowsPrivate whether private repos may be read; one that is gated as well needs both
 */
public record AccessRule(
    Optional<AddressRanges> clients,
    List<String> tokens,
    List<RepoPattern> repos,
    boolean allowsGated,
    boolean allowsPrivate) {
  /** Takes copies of the lists. */
  public AccessRule {
    tokens = List.copyOf(tokens);
    repos = List.copyOf(repos);
  }

  /** Returns whether the rule is about this client and this repo. */
  boolean matches(Requester who, RepoId repo) {
    return matchesClient(who) && matchesToken(who.credential(), repo) && isAbout(repo);
  }

  /** Returns whether the rule is about this repo, for some clients. */
  boolean isAbout(RepoId repo) {
    return repos.stream().anyMatch(pattern -> pattern.matches(repo));
  }

  /** Returns whether it is for any client, with or without a token. */
  boolean isForAllClients() {
    return clients.isEmpty() && tokens.isEmpty();
  }

  private boolean matchesClient(Requester who) {
    return clients.isEmpty() || clients.get().contains(who.client());
  }

  private boolean matchesToken(LocalCredential credential, RepoId repo) {
    return tokens.isEmpty()
        || (credential instanceof LocalCredential.Valid(LocalToken token)
            && tokens.contains(token.name())
            && token.covers(repo));
  }

  /** Returns whether the rule lets its clients read a repo with this visibility. */
  boolean allows(RepoVisibility visibility) {
    return (allowsGated || !visibility.isGated()) && (allowsPrivate || !visibility.isPrivate());
  }
}
