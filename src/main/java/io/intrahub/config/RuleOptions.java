package io.intrahub.config;

import io.intrahub.hub.RepoPattern;
import java.util.List;

/**
 * One rule of {@code access.rules}.
 *
 * @param clients IP addresses and networks in CIDR notation; empty for any client
 * @param tokens names of local tokens; empty for any client, with or without a token
 * @param repos patterns of repos; at least one
 * @param allowsGated whether gated repos may be read; {@code gated} in the file
 * @param allowsPrivate whether private repos may be read; {@code private} in the file
 */
public record RuleOptions(
    List<String> clients,
    List<String> tokens,
    List<RepoPattern> repos,
    boolean allowsGated,
    boolean allowsPrivate) {
  /** Takes copies of the lists. */
  public RuleOptions {
    clients = List.copyOf(clients);
    tokens = List.copyOf(tokens);
    repos = List.copyOf(repos);
  }
}
