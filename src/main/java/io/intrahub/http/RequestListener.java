package io.intrahub.http;

import java.time.Duration;

/** Told of each request when its answer is complete or broken off. Called by many threads. */
public interface RequestListener {
  /**
   * One request.
   *
   * @param client its address as far as limits go: the address of the peer, or the one that a
   *     trusted proxy gives
   * @param method as it came
   * @param path raw, without the query, which may hold a secret
   * @param status of the answer
   * @param cacheStatus the {@code Cache-Status} header, or empty
   * @param error what the client was told of an error, or empty
   * @param bytes of the body
   * @param took from the first to the last byte
   * @param requestId as in {@code X-Request-Id}
   */
  record Request(
      String client,
      String method,
      String path,
      int status,
      String cacheStatus,
      String error,
      long bytes,
      Duration took,
      String requestId) {}

  /** Takes note. Must not block. */
  void answered(Request request);
}
