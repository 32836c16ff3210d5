package io.intrahub.mirror;

import io.intrahub.access.Caller;
import io.intrahub.policy.CacheDirectives;
import java.util.ArrayList;
import java.util.List;

/**
 * One request of a client: who makes it, how it lets caches answer, and what ends with its
 * response. Owned by the thread that handles the request, which closes it when the response is
 * complete or given up.
 */
public final class ClientRequest implements AutoCloseable {
  private final Caller caller;
  private final CacheDirectives directives;
  private final List<Runnable> ends = new ArrayList<>();

  private ClientRequest(Caller caller, CacheDirectives directives) {
    this.caller = caller;
    this.directives = directives;
  }

  /**
   * Creates the request of a caller.
   *
   * @param cacheControl the values of its {@code Cache-Control} headers
   */
  public static ClientRequest of(Caller caller, List<String> cacheControl) {
    return new ClientRequest(caller, CacheDirectives.parse(cacheControl));
  }

  /** Returns on whose behalf the request is made. */
  public Caller caller() {
    return caller;
  }

  /** How the client lets a cache answer. */
  CacheDirectives directives() {
    return directives;
  }

  /** Runs something once the client has the whole response, or gets no more of it. */
  void onEnd(Runnable end) {
    ends.add(end);
  }

  @Override
  public void close() {
    ends.forEach(Runnable::run);
    ends.clear();
  }
}
