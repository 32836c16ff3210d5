package io.intrahub.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/**
 * Every meter of the mirror, by name. No label contains a repo, a path or a token: names of private
 * repos must not leak, and the number of labels must stay small. Safe for use by many threads.
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
    /** The digest and size of a path. */
    ENTRY,
    /** The bytes of a file. */
    CONTENT,
    /** An answer of the API. */
    ANSWER
  }

  private final MeterRegistry registry;
  private final Counter upstreamRequests;
  private final Counter upstreamRetries;
  private final Counter fetchedBytes;
  private final Counter brokenConnections;
  private final Counter storeFailures;
  private final Counter sentFromDisk;
  private final Counter sentFromUpstream;

  /** Registers the meters. */
  public Meters(MeterRegistry registry) {
    this.registry = registry;
    this.upstreamRequests =
        Counter.builder("intrahub.upstream.requests")
            .description("Requests sent to upstream, including first hops and content")
            .register(registry);
    this.upstreamRetries =
        Counter.builder("intrahub.upstream.retries")
            .description("Requests to upstream that were repeated after a failure")
            .register(registry);
    this.fetchedBytes =
        Counter.builder("intrahub.fetched")
            .description("Bytes of files received from upstream, stored or passed through")
            .baseUnit("bytes")
            .register(registry);
    this.brokenConnections =
        Counter.builder("intrahub.transfer.broken.connections")
            .description("Connections of transfers that could not be made or broke off")
            .register(registry);
    this.storeFailures =
        Counter.builder("intrahub.transfer.store.failures")
            .description("Files that the store could not take, so that they were passed through")
            .register(registry);
    this.sentFromDisk = sentBytes("disk");
    this.sentFromUpstream = sentBytes("upstream");
  }

  /** Counts a request to upstream. */
  public void upstreamRequest() {
    upstreamRequests.increment();
  }

  /** Counts a failed request to upstream that is about to be repeated. */
  public void upstreamRetry() {
    upstreamRetries.increment();
  }

  /** Counts bytes of a file received from upstream. */
  public void fetched(long bytes) {
    fetchedBytes.increment((double) bytes);
  }

  /** Returns the bytes of files received from upstream. */
  public long fetchedBytes() {
    return (long) fetchedBytes.count();
  }

  /** Counts a connection of a transfer that could not be made or broke off. */
  public void brokenConnection() {
    brokenConnections.increment();
  }

  /** Returns how many connections of transfers could not be made or broke off. */
  public long brokenConnectionCount() {
    return (long) brokenConnections.count();
  }

  /** Counts a file that the store could not write, because the disk is full or fails. */
  public void storeFailure() {
    storeFailures.increment();
  }

  /** Returns how many files the store could not write. */
  public long storeFailureCount() {
    return (long) storeFailures.count();
  }

  /**
   * Counts bytes of a file sent to a client.
   *
   * @param level {@link Level#DISK} or {@link Level#UPSTREAM}
   */
  public void sent(Level level, long bytes) {
    sent(level).increment((double) bytes);
  }

  /** Returns the bytes of files sent to clients from this level. */
  public long sentBytes(Level level) {
    return (long) sent(level).count();
  }

  private Counter sent(Level level) {
    return switch (level) {
      case DISK -> sentFromDisk;
      case UPSTREAM -> sentFromUpstream;
      case MEMORY -> throw new IllegalArgumentException("no file is kept in memory");
    };
  }

  private Counter sentBytes(String level) {
    return Counter.builder("intrahub.sent")
        .description("Bytes of files sent to clients, by where they came from")
        .tag("level", level)
        .baseUnit("bytes")
        .register(registry);
  }

  /**
   * The transfers and connections at one moment.
   *
   * @param running transfers that fetch, or have a reader
   * @param taken connections to upstream's file servers, including those being made
   * @param waiting runs that wait for such a connection
   * @param passThrough pass-through streams
   */
  public record Loads(int running, int taken, int waiting, int passThrough) {}

  /**
   * Registers meters of transfers and connections.
   *
   * @param now called for each meter whenever it is read
   */
  public void watchLoads(Supplier<Loads> now) {
    gauge(
        "intrahub.transfers.running",
        "Files being fetched or read while they arrive",
        now,
        Loads::running);
    gauge("intrahub.connections.taken", "Connections that fetch bytes of files", now, Loads::taken);
    gauge(
        "intrahub.connections.waiting",
        "Fetches of files that wait for a connection",
        now,
        Loads::waiting);
    gauge(
        "intrahub.passthrough.streams",
        "Files that stream straight to one client and are not stored",
        now,
        Loads::passThrough);
  }

  /**
   * Registers a meter of the background tasks.
   *
   * @param now called whenever the meter is read
   */
  public void watchTasks(IntSupplier now) {
    Gauge.builder("intrahub.tasks.running", now::getAsInt)
        .description(
            "Transfers, listings and refreshes in progress, with or without a waiting client")
        .register(registry);
  }

  private void gauge(
      String name, String description, Supplier<Loads> now, ToIntFunction<Loads> figure) {
    Gauge.builder(name, () -> figure.applyAsInt(now.get()))
        .description(description)
        .register(registry);
  }

  /** Counts an answer from this level. */
  public void answered(Kind kind, Level level) {
    answered(kind.name(), level.name()).increment();
  }

  /** Returns the number of answers from this level. */
  public long answeredCount(Kind kind, Level level) {
    return (long) answered(kind.name(), level.name()).count();
  }

  private Counter answered(String kind, String level) {
    // Looked up each time: the registry keeps one counter per name and labels.
    return Counter.builder("intrahub.answers")
        .description("Answers by what was asked for and where it came from")
        .tag("kind", kind.toLowerCase(Locale.ROOT))
        .tag("level", level.toLowerCase(Locale.ROOT))
        .register(registry);
  }

  /**
   * The size of the store.
   *
   * @param bytes that count against the limit
   * @param metadataBytes the bytes of those that metadata takes
   * @param limit in bytes; empty if there is none
   * @param free bytes of the disk; empty if unknown
   * @param evictedBlobs since the start
   * @param evictedBytes since the start
   */
  public record StoreFigures(
      long bytes,
      long metadataBytes,
      OptionalLong limit,
      OptionalLong free,
      long evictedBlobs,
      long evictedBytes) {}

  /**
   * Registers meters of the store. Without a limit there is no meter of it; unknown free bytes are
   * {@code NaN}.
   *
   * @param now called for each meter whenever it is read
   */
  public void watchStore(Supplier<StoreFigures> now) {
    Gauge.builder("intrahub.store.bytes", now, s -> s.get().bytes())
        .description("Bytes of files in the store, published and being fetched")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
    Gauge.builder("intrahub.store.metadata", now, s -> s.get().metadataBytes())
        .description("Bytes of repository metadata, included in intrahub_store_bytes")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
    if (now.get().limit().isPresent()) {
      Gauge.builder("intrahub.store.limit", now, s -> number(s.get().limit()))
          .description("Limit of intrahub_store_bytes (store.max-size)")
          .baseUnit("bytes")
          .strongReference(true)
          .register(registry);
    }
    Gauge.builder("intrahub.store.free", now, s -> number(s.get().free()))
        .description("Free bytes of the store's disk")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
    // These refer to their source weakly; the gauges keep it alive.
    FunctionCounter.builder("intrahub.store.evicted.blobs", now, s -> s.get().evictedBlobs())
        .description("Blobs that were evicted")
        .register(registry);
    FunctionCounter.builder("intrahub.store.evicted", now, s -> s.get().evictedBytes())
        .description("Bytes that were evicted")
        .baseUnit("bytes")
        .register(registry);
  }

  private static double number(OptionalLong bytes) {
    return bytes.isPresent() ? bytes.getAsLong() : Double.NaN;
  }

  /**
   * The state of the memory budget.
   *
   * @param total bytes that may be reserved
   * @param used bytes that are reserved
   * @param refusals reservations that were refused, since the start
   */
  public record Budget(long total, long used, long refusals) {}

  /**
   * Registers meters of the memory budget.
   *
   * @param now called for each meter whenever it is read
   */
  public void watchBudget(Supplier<Budget> now) {
    Gauge.builder("intrahub.memory.budget", now, b -> b.get().total())
        .description("Limit of the heap for buffers of requests and answers (memory.budget)")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
    Gauge.builder("intrahub.memory.budget.used", now, b -> b.get().used())
        .description("Heap that buffers of requests and answers use now")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
    FunctionCounter.builder("intrahub.memory.budget.refusals", now, b -> b.get().refusals())
        .description("Reservations of memory that failed after their wait")
        .register(registry);
  }

  /** Returns the registry, for {@code /metrics}. */
  public MeterRegistry registry() {
    return registry;
  }
}
