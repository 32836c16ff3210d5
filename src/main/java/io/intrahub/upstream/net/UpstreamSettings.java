package io.intrahub.upstream.net;

import java.net.URI;
import java.time.Duration;
import java.util.List;

/**
 * How upstream is reached.
 *
 * @param endpoints base addresses in the order of preference, at least one. The first is taken at
 *     its word: it gets the clients' tokens, and only its answers say who may read what. The others
 *     are asked, without a token, when the first fails.
 * @param connectTimeout for a connection to stand
 * @param firstByteTimeout from the request to the head of the answer
 * @param stallTimeout between two reads of a body; there is no limit for a whole file
 * @param answerTimeout for a whole answer of the API, from its request. Only waiting for upstream
 *     counts, and 64 KiB that came earn one more second.
 * @param retryPause before the second try of a call, at most; longer before each further one
 * @param userAgent sent with each request
 * @param offline upstream is never asked
 * @param proxies the proxies on the way
 * @param tls whose certificates are believed
 */
public record UpstreamSettings(
    List<URI> endpoints,
    Duration connectTimeout,
    Duration firstByteTimeout,
    Duration stallTimeout,
    Duration answerTimeout,
    Duration retryPause,
    String userAgent,
    boolean offline,
    ProxySettings proxies,
    TlsSettings tls) {
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration RETRY_PAUSE = Duration.ofMillis(100);

  /** Takes a copy of the list. */
  public UpstreamSettings {
    endpoints = List.copyOf(endpoints);
    if (endpoints.isEmpty()) {
      throw new IllegalArgumentException("at least one upstream endpoint is needed");
    }
  }

  /** With a direct way, and with the certificates that the JVM believes. */
  public UpstreamSettings(
      List<URI> endpoints,
      Duration connectTimeout,
      Duration firstByteTimeout,
      Duration stallTimeout,
      String userAgent,
      boolean offline) {
    this(
        endpoints,
        connectTimeout,
        firstByteTimeout,
        stallTimeout,
        ANSWER_TIMEOUT,
        RETRY_PAUSE,
        userAgent,
        offline,
        ProxySettings.DIRECT,
        TlsSettings.JVM);
  }

  /** The same with another pause before the second try of a call. */
  public UpstreamSettings withRetryPause(Duration pause) {
    return new UpstreamSettings(
        endpoints,
        connectTimeout,
        firstByteTimeout,
        stallTimeout,
        answerTimeout,
        pause,
        userAgent,
        offline,
        proxies,
        tls);
  }

  /** The same with another limit for whole answers of the API. */
  public UpstreamSettings withAnswerTimeout(Duration timeout) {
    return new UpstreamSettings(
        endpoints,
        connectTimeout,
        firstByteTimeout,
        stallTimeout,
        timeout,
        retryPause,
        userAgent,
        offline,
        proxies,
        tls);
  }
}
