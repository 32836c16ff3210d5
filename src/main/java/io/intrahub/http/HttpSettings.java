package io.intrahub.http;

/**
 * Where clients are listened to.
 *
 * @param host address to bind to, for example {@code 0.0.0.0}
 * @param port 0 takes any free one
 */
public record HttpSettings(String host, int port) {}
