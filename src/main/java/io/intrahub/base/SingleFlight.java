package io.intrahub.base;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Lets many callers of the same thing share one piece of work. The work runs on its own thread and
 * outlives the callers: one that stops waiting loses nothing, and finds the result next time.
 *
 * <p>Safe for use by many threads. A flight is over when its future is done; the next caller starts
 * a new one.
 *
 * @param <K> what is asked for; it must hold everything on which the result depends, the caller's
 *     authority included
 * @param <V> the result
 */
public final class SingleFlight<K, V> {
  /** Owned by this class; an entry is there exactly while its work runs. */
  private final ConcurrentHashMap<K, CompletableFuture<V>> flights = new ConcurrentHashMap<>();

  private final Executor executor;

  /**
   * Makes an empty one.
   *
   * @param executor runs the work; a thread per task, since work may wait for other work
   */
  public SingleFlight(Executor executor) {
    this.executor = executor;
  }

  /**
   * Joins the flight for {@code key}, or starts one.
   *
   * @return a copy of the flight's future: to cancel or complete it harms nobody else. It fails
   *     with what {@code work} throws.
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
      // Also when no thread could be made: a flight that nobody flies would be waited for for ever.
      flights.remove(key, mine);
      mine.completeExceptionally(e);
    }
    return Optional.of(mine.copy());
  }

  private void run(K key, Supplier<V> work, CompletableFuture<V> flight) {
    try {
      V result = work.get();
      // Removed before it is completed: who sees the result and asks again starts a new flight.
      flights.remove(key, flight);
      flight.complete(result);
    } catch (Throwable e) {
      flights.remove(key, flight);
      flight.completeExceptionally(e);
    }
  }

  /** Number of flights under way. */
  public int size() {
    return flights.size();
  }
}
