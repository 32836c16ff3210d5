package io.intrahub.http;

import java.time.Duration;

/**
 * Settings of the listener for clients.
 *
 * @param host address to bind to, for example {@code 0.0.0.0}
 * @param port port to bind to; 0 takes any free one
 * @param bodyTimeout how long a whole request body may take
 */
public record HttpSettings(String host, int port, Duration bodyTimeout) {
  private static final Duration BODY_TIMEOUT = Duration.ofSeconds(20);

  /** Creates settings with the default time for a body. */
  public HttpSettings(String host, int port) {
    this(host, port, BODY_TIMEOUT);
  }

  /** Returns a copy with another time for a body. */
  public HttpSettings withBodyTimeout(Duration timeout) {
    return new HttpSettings(host, port, timeout);
  }
}
