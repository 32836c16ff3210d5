package io.intrahub.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;

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

  /** What was answered. */
  public enum Kind {
    /** Which content a path has. */
    ENTRY,
    /** The bytes of a file. */
    CONTENT,
    /** An answer of the API. */
    ANSWER
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

  /** Something was answered from this level. */
  public void answered(Kind kind, Level level) {
    answered(kind.name(), level.name()).increment();
  }

  /** How often something was answered from this level. */
  public long answeredCount(Kind kind, Level level) {
    return (long) answered(kind.name(), level.name()).count();
  }

  private Counter answered(String kind, String level) {
    // Looked up and not kept: the registry keeps one counter per name and labels.
    return Counter.builder("intrahub.answers")
        .description("Answers by what was asked for and the level that gave it")
        .tag("kind", kind.toLowerCase(Locale.ROOT))
        .tag("level", level.toLowerCase(Locale.ROOT))
        .register(registry);
  }

  /** The registry, for the page that shows it. */
  public MeterRegistry registry() {
    return registry;
  }
}
