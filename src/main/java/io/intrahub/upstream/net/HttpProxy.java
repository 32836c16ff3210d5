package io.intrahub.upstream.net;

import java.util.Optional;

/**
 * An HTTP proxy on the way to upstream.
 *
 * @param tls whether the connection to the proxy itself is encrypted ({@code https://} in its
 *     address); what is inside a tunnel is encrypted in any case
 * @param host its name or address, without brackets
 * @param port 1 to 65535
 * @param credentials sent to it as RFC 7617 says (Basic), and to nobody else
 */
public record HttpProxy(boolean tls, String host, int port, Optional<Credentials> credentials) {
  /** A user and a password; never printed. */
  public record Credentials(String user, String password) {
    @Override
    public String toString() {
      return "(user and password)";
    }
  }

  /** Where it is, for a person: without credentials. */
  String address() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }

  @Override
  public String toString() {
    return (tls ? "https://" : "http://") + address();
  }
}
