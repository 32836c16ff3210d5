package io.intrahub.access;

import io.intrahub.access.local.Requester;
import java.util.List;
import java.util.Optional;

/**
 * On whose behalf a request is made.
 *
 * @param authority the key under which answers for this caller are cached
 * @param token to pass on to upstream; present if and only if it is a {@link Authority.TokenHolder}
 * @param client the name against which limits count the request: an IP address, or the /64 network
 *     of an IPv6 address; empty for the mirror itself. It says nothing about permission and must
 *     not be part of the key of a cache.
 * @param requester who asks, for the operator's rules; present if and only if there are some
 * @param via the mirrors that the request came through, from {@link io.intrahub.hub.ViaHeader}
 */
public record Caller(
    Authority authority,
    Optional<AccessToken> token,
    String client,
    Optional<Requester> requester,
    List<String> via) {
  /** The mirror itself, without a token. */
  public static final Caller ANONYMOUS = anonymous("");

  /** Takes a copy of the list. */
  public Caller {
    via = List.copyOf(via);
  }

  /** Without rules of the operator, and straight from a client. */
  public Caller(Authority authority, Optional<AccessToken> token, String client) {
    this(authority, token, client, Optional.empty(), List.of());
  }

  /** A client without a token. */
  public static Caller anonymous(String client) {
    return new Caller(new Authority.Anonymous(), Optional.empty(), client);
  }

  /** A client whose token is not sent to the Hub, but may count for the operator's rules. */
  public static Caller known(String client, Requester requester) {
    return new Caller(
        new Authority.Anonymous(), Optional.empty(), client, Optional.of(requester), List.of());
  }

  /** Returns the same caller, whose request came through these mirrors. */
  public Caller withVia(List<String> mirrors) {
    return new Caller(authority, token, client, requester, mirrors);
  }

  /** Returns an anonymous caller for the same request, to which no rules apply. */
  public Caller withoutToken() {
    return anonymous(client).withVia(via);
  }

  /**
   * Returns whether it is asked with a token of the client's own, whose quota at the Hub is nobody
   * else's. The mirror's own token ({@code access.mode: service}) is that of all clients.
   */
  public boolean hasOwnToken() {
    return token.isPresent() && requester.isEmpty();
  }

  /** Returns whether the request had no token. */
  public boolean isAnonymous() {
    return token.isEmpty();
  }
}
