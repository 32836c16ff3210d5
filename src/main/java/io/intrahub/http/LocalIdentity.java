package io.intrahub.http;

import io.intrahub.access.local.LocalCredential;
import io.intrahub.access.local.LocalToken;
import io.intrahub.hub.HubError;
import io.intrahub.hub.LimitErrors;
import io.intrahub.hub.json.IdentityJson;

/**
 * The answer to "who am I" where tokens of clients are not sent to the Hub. It tells a client about
 * its local token and nothing about the account of the mirror.
 */
sealed interface LocalIdentity {
  /**
   * The holder of a local token.
   *
   * @param json the body of the answer
   */
  record Known(byte[] json) implements LocalIdentity {}

  /** Nobody that the mirror knows. */
  record Refused(HubError error) implements LocalIdentity {}

  /** Returns the answer for a client with this credential. */
  static LocalIdentity of(LocalCredential credential) {
    return switch (credential) {
      case LocalCredential.Valid(LocalToken token) ->
          new Known(IdentityJson.write(token.name(), token.created()));
      case LocalCredential.None _ -> new Refused(HubError.loginRequired());
      case LocalCredential.Expired _, LocalCredential.Unknown _ -> new Refused(HubError.badToken());
      case LocalCredential.Unavailable _ ->
          new Refused(LimitErrors.overloaded("it can't read its list of local tokens"));
    };
  }
}
