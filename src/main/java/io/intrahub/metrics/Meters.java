package io.intrahub.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * Every meter of the product, by name. No label ever holds a repo, a path or a token: names of
 * private repos must not leak here, and labels must stay few. Safe for use by many threads.
 */
public final class Meters {
  /** Where an answer came from. */
  public enum Level {
    MEMORY,
    DISK,
    UPSTREAM
  }

  private final MeterRegistry registry;
  private final Counter upstreamRequests;

  /** Registers the meters. */
  public Meters(MeterRegistry registry) {
    this.registry = registry;
    this.upstreamRequests =
        Counter.builder("intrahub.upstream.requests")
            .description("Requests sent to upstream, first hops and content included")
            .register(registry);
  }

  /** A request goes to upstream. */
  public void upstreamRequest() {
    upstreamRequests.increment();
  }

  /** The registry, for the page that shows it. */
  public MeterRegistry registry() {
    return registry;
  }
}
