package io.intrahub.access.local;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The local tokens at one moment. Immutable. */
public final class TokenTable {
  /** Without any token. */
  public static final TokenTable EMPTY = new TokenTable(List.of());

  private final List<LocalToken> tokens;
  private final Map<TokenHash, LocalToken> byHash;

  /**
   * Creates a table.
   *
   * @throws IllegalArgumentException if two tokens share a name or a hash
   */
  public TokenTable(List<LocalToken> tokens) {
    this.tokens = List.copyOf(tokens);
    this.byHash = HashMap.newHashMap(tokens.size());
    Set<String> names = new HashSet<>();
    for (LocalToken token : tokens) {
      if (!names.add(token.name()) || byHash.put(token.hash(), token) != null) {
        throw new IllegalArgumentException(
            "two tokens are called " + token.name() + " or equal it");
      }
    }
  }

  /** Returns the tokens, in the order in which they were added. */
  public List<LocalToken> tokens() {
    return tokens;
  }

  /** Returns the token with this name. */
  public Optional<LocalToken> find(String name) {
    return tokens.stream().filter(token -> token.name().equals(name)).findFirst();
  }

  /** Returns what the token with this hash is at a moment. */
  public LocalCredential identify(TokenHash hash, Instant now) {
    LocalToken token = byHash.get(hash);
    if (token == null) {
      return new LocalCredential.Unknown();
    }
    return token.isExpired(now)
        ? new LocalCredential.Expired(token.name(), token.expires().orElse(now))
        : new LocalCredential.Valid(token);
  }

  /** Returns a table with one more token. */
  public TokenTable with(LocalToken token) {
    List<LocalToken> more = new ArrayList<>(tokens);
    more.add(token);
    return new TokenTable(more);
  }

  /** Returns a table without the token of this name. */
  public TokenTable without(String name) {
    return new TokenTable(tokens.stream().filter(token -> !token.name().equals(name)).toList());
  }
}
