package io.intrahub.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/** The meters of the memory that clients share. Safe for use by many threads. */
public final class MemoryMeters {
  private final MeterRegistry registry;

  /** Registers nothing yet. */
  public MemoryMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  /**
   * The use of the memory budget.
   *
   * @param total bytes that may be reserved
   * @param used bytes that are reserved
   * @param refusals reservations that found no memory since the start
   */
  public record Budget(long total, long used, long refusals) {}

  /**
   * Registers the meters of the memory budget.
   *
   * @param now called for each meter and each scrape
   */
  public void watchBudget(Supplier<Budget> now) {
    gauge(
        "intrahub.memory.budget",
        "Heap that buffers of requests and answers may use together",
        now,
        Budget::total);
    gauge(
        "intrahub.memory.budget.used",
        "Heap that buffers of requests and answers use",
        now,
        Budget::used);
    // It refers to the supplier weakly; the gauges above keep it alive.
    FunctionCounter.builder("intrahub.memory.budget.refusals", now, b -> b.get().refusals())
        .description("Reservations of heap that found no memory in time")
        .register(registry);
  }

  /**
   * The use of the buffers through which files go to clients.
   *
   * @param total bytes that the pool may have
   * @param used bytes that are lent
   * @param largest bytes that are lent to one client, the one that has most
   */
  public record Buffers(long total, long used, long largest) {}

  /**
   * Registers the meters of the buffers through which files go to clients.
   *
   * @param now called for each meter and each scrape
   */
  public void watchBuffers(Supplier<Buffers> now) {
    gauge(
        "intrahub.client.buffers",
        "Memory that the buffers of file responses may use together",
        now,
        Buffers::total);
    gauge(
        "intrahub.client.buffers.used",
        "Memory that the buffers of file responses use",
        now,
        Buffers::used);
    gauge(
        "intrahub.client.buffers.largest",
        "Memory that the buffers of one client use, of the client that uses most",
        now,
        Buffers::largest);
  }

  private <T> void gauge(
      String name, String description, Supplier<T> now, ToLongFunction<T> figure) {
    Gauge.builder(name, now, s -> figure.applyAsLong(s.get()))
        .description(description)
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
  }
}
