package io.intrahub.upstream.hub;

import io.intrahub.base.Deadline;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Lets one thread ask a question whose answer serves others too; they wait for it, but not for
 * long. Unlike {@link io.intrahub.base.SingleFlight} the question is asked by the thread that came
 * first, so it ends with that thread. Safe for use by many threads.
 *
 * @param <K> what is asked
 */
final class Turns<K> {
  /** Questions in progress; an entry is removed by the thread that put it there. */
  private final ConcurrentHashMap<K, CompletableFuture<Boolean>> asking = new ConcurrentHashMap<>();

  private final Duration patience;

  /**
   * Nobody asks yet.
   *
   * @param patience longest wait for the answer to another thread's question
   */
  Turns(Duration patience) {
    this.patience = patience;
  }

  /**
   * The right to ask, to be closed when the answer is there, and before the question is asked again
   * after a pause: those who wait need not wait for that too. May be closed several times.
   *
   * @param isFirst false for a thread that has waited: the answer may be known by now
   */
  record Turn(boolean isFirst, Runnable end) implements AutoCloseable {
    /** Of a thread that neither waits nor lets others wait. */
    static final Turn UNSHARED = new Turn(true, () -> {});

    @Override
    public void close() {
      end.run();
    }
  }

  /** Begins a question, or waits while another thread asks it. Never throws. */
  Turn begin(K key) {
    return begin(key, Deadline.in(patience));
  }

  /** As the other one, but waits no longer than until this moment. */
  Turn begin(K key, Deadline deadline) {
    CompletableFuture<Boolean> mine = new CompletableFuture<>();
    CompletableFuture<Boolean> other = asking.putIfAbsent(key, mine);
    if (other == null) {
      return new Turn(
          true,
          () -> {
            asking.remove(key, mine);
            mine.complete(true);
          });
    }
    try {
      var _ = other.get(deadline.left().toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      // This thread asks on its own.
    }
    return new Turn(false, () -> {});
  }
}
