package io.intrahub.mirror;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for shared work for as long as one client can; the work goes on. */
final class BoundedWait {
  private BoundedWait() {}

  /**
   * The result, or empty when the time is up.
   *
   * @throws IllegalStateException when the work failed by a fault of the mirror, or when the
   *     waiting thread was interrupted, which happens when the server stops or the client left
   */
  static <T> Optional<T> until(CompletableFuture<T> work, Duration atMost) {
    try {
      return Optional.of(work.get(atMost.toMillis(), TimeUnit.MILLISECONDS));
    } catch (TimeoutException e) {
      return Optional.empty();
    } catch (ExecutionException e) {
      throw new IllegalStateException("shared work failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting", e);
    }
  }
}
