package io.intrahub.access;

import io.intrahub.access.local.LocalCredential;
import io.intrahub.access.local.LocalTokens;
import io.intrahub.access.local.Requester;
import java.net.InetAddress;
import java.util.Optional;

/** Tells in whose name a request is made. Safe for use by many threads. */
public interface Callers {
  /**
   * Returns the caller.
   *
   * @param token of the request
   * @param client the name against which limits count the request
   * @param address of the client
   */
  Caller identify(Optional<AccessToken> token, String client, InetAddress address);

  /** Returns callers whose tokens are tokens of the Hub. */
  static Callers ofHub(Fingerprints fingerprints) {
    return (token, client, _) -> fingerprints.caller(token, client);
  }

  /** Returns callers whose tokens are this mirror's own, or count for nothing. */
  static Callers ofSite(LocalTokens tokens) {
    return (token, client, address) ->
        Caller.known(
            client,
            new Requester(
                address,
                token.map(t -> tokens.identify(t.hash())).orElseGet(LocalCredential.None::new)));
  }
}
