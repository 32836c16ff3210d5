package io.intrahub.mirror;

import io.intrahub.hub.RepoId;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Waits for upstream's answers on behalf of clients that could be served with something older. One
 * client waits in vain; until that answer is there, or its time-out, nobody else waits for this
 * repo. Otherwise a load of many files would wait for the same time-out at each of them.
 *
 * <p>Safe for use by many threads.
 */
final class SlowUpstreamGuard {
  /** Waits for the end of shared work. */
  interface Wait {
    /** The result, or empty when there is none within this time. */
    <T> Optional<T> until(CompletableFuture<T> work, Duration atMost);
  }

  private final Duration timeout;
  private final Wait wait;

  /** By repo the last question that kept somebody waiting in vain, while it is open. */
  private final ConcurrentHashMap<RepoId, CompletableFuture<?>> open = new ConcurrentHashMap<>();

  /** With how long one client waits. */
  SlowUpstreamGuard(Duration timeout) {
    this(timeout, BoundedWait::until);
  }

  /** The same, for a test that decides when time is up. */
  SlowUpstreamGuard(Duration timeout, Wait wait) {
    this.timeout = timeout;
    this.wait = wait;
  }

  /** The answer, or empty when it is better not to wait (any longer). */
  <T> Optional<T> await(RepoId repo, CompletableFuture<T> question) {
    boolean known = open.containsKey(repo);
    Optional<T> answer = wait.until(question, known ? Duration.ZERO : timeout);
    if (answer.isEmpty() && !known) {
      open.put(repo, question);
      var _ = question.whenComplete((_, _) -> open.remove(repo, question));
    }
    return answer;
  }
}
