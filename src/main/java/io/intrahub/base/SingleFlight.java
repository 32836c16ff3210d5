package io.intrahub.base;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Lets many callers that need the same result share one piece of work. The work runs on its own
 * thread and outlives the callers: a caller that stops waiting loses nothing and finds the result
 * next time.
 *
 * <p>Safe for use by many threads. A flight is over when its future is done; the next caller starts
 * a new one.
 *
 * @param <K> what is asked for; it must contain everything on which the result depends, including
 *     the caller's authority
 * @param <V> the result
 */
public final class SingleFlight<K, V> {
  /** Owned by this class; it has an entry exactly while its work runs. */
  private final ConcurrentHashMap<K, CompletableFuture<V>> flights = new ConcurrentHashMap<>();

  private final Executor executor;

  /**
   * Creates an instance without flights.
   *
   * @param executor runs the work; a thread per task, since work may wait for other work
   */
  public SingleFlight(Executor executor) {
    this.executor = executor;
  }

  /**
   * Joins the flight for {@code key}, or starts one.
   *
   * @return a copy of the flight's future; cancelling or completing it affects no other caller. It
   *     fails with what {@code work} throws.
   */
  public CompletableFuture<V> join(K key, Supplier<V> work) {
    return join(key, () -> true, work).orElseThrow();
  }

  /**
   * Joins the flight for {@code key}, or starts one if that is admitted.
   *
   * @param admission asked only if there is no flight to join; must not block
   * @return as {@link #join(Object, Supplier)}; empty if no flight was admitted
   */
  public Optional<CompletableFuture<V>> join(K key, BooleanSupplier admission, Supplier<V> work) {
    CompletableFuture<V> mine = new CompletableFuture<>();
    boolean[] begun = {false};
    CompletableFuture<V> flight =
        flights.computeIfAbsent(
            key,
            k -> {
              begun[0] = admission.getAsBoolean();
              return begun[0] ? mine : null;
            });
    if (flight == null) {
      return Optional.empty();
    }
    if (!begun[0]) {
      return Optional.of(flight.copy());
    }
    try {
      executor.execute(() -> run(key, work, mine));
    } catch (RuntimeException | Error e) {
      // Also if no thread could be started: callers would wait for this flight forever.
      flights.remove(key, mine);
      mine.completeExceptionally(e);
    }
    return Optional.of(mine.copy());
  }

  private void run(K key, Supplier<V> work, CompletableFuture<V> flight) {
    try {
      V result = work.get();
      // Removed before completion, so that a caller who sees the result can start a new flight.
      flights.remove(key, flight);
      flight.complete(result);
    } catch (Throwable e) {
      flights.remove(key, flight);
      flight.completeExceptionally(e);
    }
  }

  /** Returns the number of flights in progress. */
  public int size() {
    return flights.size();
  }
}
