package io.intrahub.http;

import java.time.Duration;

/**
 * Where clients are listened to.
 *
 * @param host address to bind to, for example {@code 0.0.0.0}
 * @param port 0 takes any free one
 * @param bodyTimeout within which a whole request body arrives
 */
public record HttpSettings(String host, int port, Duration bodyTimeout) {
  private static final Duration BODY_TIMEOUT = Duration.ofSeconds(20);

  /** With the default time for a body. */
  public HttpSettings(String host, int port) {
    this(host, port, BODY_TIMEOUT);
  }

  /** The same with another time for a body. */
  public HttpSettings withBodyTimeout(Duration timeout) {
    return new HttpSettings(host, port, timeout);
  }
}
