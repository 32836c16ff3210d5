package io.intrahub.http;

import io.intrahub.access.Caller;
import java.time.Duration;

/**
 * Is told about each request when its response is complete or broken off. Called by many threads.
 */
public interface RequestListener {
  /**
   * One request and its response.
   *
   * @param caller on whose behalf; its client is the name that limits count against, the address of
   *     the peer or the one that a trusted proxy forwarded
   * @param method method as the client sent it
   * @param path raw path without the query, which may hold a secret
   * @param status status of the response
   * @param cacheStatus value of the {@code Cache-Status} header, or empty
   * @param restricted whether the response forbids shared caches, because not everybody may read it
   * @param commit value of the {@code X-Repo-Commit} header, or empty
   * @param errorCode value of the {@code X-Error-Code} header, or empty
   * @param error error message that the client got, or empty
   * @param bytes number of bytes of the body that were sent
   * @param took time from the start of the request to the end of the response
   * @param requestId value of {@code X-Request-Id}
   */
  record Request(
      Caller caller,
      String method,
      String path,
      int status,
      String cacheStatus,
      boolean restricted,
      String commit,
      String errorCode,
      String error,
      long bytes,
      Duration took,
      String requestId) {
    /** Returns the name that limits count against. */
    public String client() {
      return caller.client();
    }
  }

  /** Called after each request. Must not block. */
  void answered(Request request);
}
