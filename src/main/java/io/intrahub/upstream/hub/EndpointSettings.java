package io.intrahub.upstream.hub;

import java.net.URI;

/**
 * An endpoint that the operator configured.
 *
 * @param address its base address
 * @param authoritative whether its answers say who may read what. Those of other endpoints only
 *     bring bytes whose digest is known, and answers for the one client that asked.
 * @param receivesTokens whether it is asked with tokens. Other endpoints are asked without one, or
 *     not at all.
 */
public record EndpointSettings(URI address, boolean authoritative, boolean receivesTokens) {
  /** One that is trusted as the Hub itself is. */
  public static EndpointSettings trusted(URI address) {
    return new EndpointSettings(address, true, true);
  }

  /** One that is neither believed nor told tokens. */
  public static EndpointSettings untrusted(URI address) {
    return new EndpointSettings(address, false, false);
  }

  /** One that says what is public, but is told no tokens, as a public mirror of the Hub. */
  public static EndpointSettings publicMirror(URI address) {
    return new EndpointSettings(address, true, false);
  }
}
