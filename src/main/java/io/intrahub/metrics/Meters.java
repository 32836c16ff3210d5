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
 * All meters of the product. No label holds a repo, a path or a token, because names of private
 * repos must not leak and the number of label values must stay small. Safe for use by many threads.
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
    /** The digest and size of a file. */
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
  private final Counter auditDropped;
  private final Counter warmedFiles;
  private final Counter warmedBytes;
  private final Counter sentFromDisk;
  private final Counter sentFromUpstream;

  /** Registers the meters. */
  public Meters(MeterRegistry registry) {
    this.registry = registry;
    this.upstreamRequests =
        Counter.builder("intrahub.upstream.requests")
            .description("Requests sent to upstream, first hops and content included")
            .register(registry);
    this.upstreamRetries =
        Counter.builder("intrahub.upstream.retries")
            .description("Requests to upstream that were retried")
            .register(registry);
    this.fetchedBytes =
        Counter.builder("intrahub.fetched")
            .description("Bytes of files that came from upstream, stored or passed through")
            .baseUnit("bytes")
            .register(registry);
    this.brokenConnections =
        Counter.builder("intrahub.transfer.broken.connections")
            .description("Connections of transfers that could not be made or that broke off")
            .register(registry);
    this.storeFailures =
        Counter.builder("intrahub.transfer.store.failures")
            .description("Files that the store could not take and that were passed through")
            .register(registry);
    this.auditDropped =
        Counter.builder("intrahub.audit.dropped")
            .description("Answered requests that are missing from the audit log")
            .register(registry);
    this.warmedFiles =
        Counter.builder("intrahub.warmed.files")
            .description("Files of new commits that were stored before a client asked for them")
            .register(registry);
    this.warmedBytes =
        Counter.builder("intrahub.warmed")
            .description("Bytes of these files")
            .baseUnit("bytes")
            .register(registry);
    this.sentFromDisk = sentBytes("disk");
    this.sentFromUpstream = sentBytes("upstream");
  }

  /** Counts a request to upstream. */
  public void upstreamRequest() {
    upstreamRequests.increment();
  }

  /** Counts a request to upstream that failed and is retried. */
  public void upstreamRetry() {
    upstreamRetries.increment();
  }

  /** Counts bytes of a file that came from upstream. */
  public void fetched(long bytes) {
    fetchedBytes.increment((double) bytes);
  }

  /** Returns the number of bytes of files that came from upstream. */
  public long fetchedBytes() {
    return (long) fetchedBytes.count();
  }

  /** Counts a connection of a transfer that could not be made or that broke off. */
  public void brokenConnection() {
    brokenConnections.increment();
  }

  /** Returns the number of connections of transfers that could not be made or that broke off. */
  public long brokenConnectionCount() {
    return (long) brokenConnections.count();
  }

  /** Counts a file that the store could not take, because the disk is full or fails. */
  public void storeFailure() {
    storeFailures.increment();
  }

  /** Returns the number of files that the store could not take. */
  public long storeFailureCount() {
    return (long) storeFailures.count();
  }

  /** What happens to a new commit of a branch or tag. */
  public enum CommitEvent {
    /** Upstream named it. */
    SEEN,
    /** Every file that has to be there first is stored. */
    WARMED,
    /** Some of these files are left to upstream, because they are too large or can't be had. */
    PARTIAL,
    /** Upstream stopped to answer while they were fetched. */
    UNANSWERED,
    /** Clients see it. */
    VISIBLE,
    /** Upstream does not answer, so clients see the one before it again. */
    FALLBACK,
    /** The branch or tag was deleted. */
    DELETED
  }

  /** Counts what happened to a new commit. */
  public void commit(CommitEvent event) {
    commits(event).increment();
  }

  /** Returns how often that happened. */
  public long commitCount(CommitEvent event) {
    return (long) commits(event).count();
  }

  private Counter commits(CommitEvent event) {
    return Counter.builder("intrahub.commits")
        .description("New commits of branches and tags, by what happened to them")
        .tag("event", event.name().toLowerCase(Locale.ROOT))
        .register(registry);
  }

  /** Counts a file of a new commit that was stored before a client asked for it. */
  public void warmed(long bytes) {
    warmedFiles.increment();
    warmedBytes.increment((double) bytes);
  }

  /** Returns the number of such files. */
  public long warmedFileCount() {
    return (long) warmedFiles.count();
  }

  /** Counts an answered request that is missing from the audit log. */
  public void auditDropped() {
    auditDropped.increment();
  }

  /** Returns the number of answered requests that are missing from the audit log. */
  public long auditDroppedCount() {
    return (long) auditDropped.count();
  }

  /**
   * Counts bytes of a file that are sent to a client.
   *
   * @param level {@link Level#DISK} or {@link Level#UPSTREAM}
   */
  public void sent(Level level, long bytes) {
    sent(level).increment((double) bytes);
  }

  /** Returns the number of bytes of files that were sent to clients from this level. */
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
        .description("Bytes of files that went to clients, by where they came from")
        .tag("level", level)
        .baseUnit("bytes")
        .register(registry);
  }

  /**
   * The downloads in progress.
   *
   * @param running transfers that fetch or have a reader
   * @param taken connections to upstream's file servers that are open or being opened
   * @param waiting requests for such a connection that wait
   * @param passThrough pass-through streams
   */
  public record Loads(int running, int taken, int waiting, int passThrough) {}

  /**
   * Registers the meters of downloads in progress.
   *
   * @param now called for each meter and each scrape
   */
  public void watchLoads(Supplier<Loads> now) {
    gauge(
        "intrahub.transfers.running", "Transfers that fetch or have a reader", now, Loads::running);
    gauge("intrahub.connections.taken", "Connections that fetch bytes of files", now, Loads::taken);
    gauge(
        "intrahub.connections.waiting",
        "Requests for a connection to fetch bytes of files that wait",
        now,
        Loads::waiting);
    gauge(
        "intrahub.passthrough.streams",
        "Files that stream to one client and are not stored",
        now,
        Loads::passThrough);
  }

  /**
   * Registers the meter of background tasks.
   *
   * @param now called for each scrape
   */
  public void watchTasks(IntSupplier now) {
    gauge("intrahub.tasks.running", "Transfers, listings and refreshes in progress", now);
  }

  /** Registers the meter of seeds; {@code hanging} is called for each scrape. */
  public void watchSeeds(IntSupplier hanging) {
    gauge("intrahub.seeds.hanging", "Folders of store.seeds that do not answer", hanging);
  }

  private void gauge(
      String name, String description, Supplier<Loads> now, ToIntFunction<Loads> figure) {
    gauge(name, description, () -> figure.applyAsInt(now.get()));
  }

  private void gauge(String name, String description, IntSupplier now) {
    Gauge.builder(name, now::getAsInt).description(description).register(registry);
  }

  /** Counts an answer from this level. */
  public void answered(Kind kind, Level level) {
    answered(kind.name(), level.name()).increment();
  }

  /** Returns the number of answers of this kind from this level. */
  public long answeredCount(Kind kind, Level level) {
    return (long) answered(kind.name(), level.name()).count();
  }

  private Counter answered(String kind, String level) {
    // Not kept in a field: the registry keeps one counter per name and labels.
    return Counter.builder("intrahub.answers")
        .description("Answers by what was asked for and the level that gave it")
        .tag("kind", kind.toLowerCase(Locale.ROOT))
        .tag("level", level.toLowerCase(Locale.ROOT))
        .register(registry);
  }

  /**
   * The use of the store.
   *
   * @param bytes bytes that count towards the limit
   * @param metadataBytes bytes of metadata among them
   * @param limit limit in bytes; empty if there is none
   * @param free free bytes of the disk; empty if unknown
   * @param evictedBlobs blobs evicted since the start
   * @param evictedBytes bytes evicted since the start
   */
  public record StoreFigures(
      long bytes,
      long metadataBytes,
      OptionalLong limit,
      OptionalLong free,
      long evictedBlobs,
      long evictedBytes) {}

  /**
   * Registers the meters of the store. Without a limit there is no meter of the limit; unknown free
   * bytes are shown as NaN.
   *
   * @param now called for each meter and each scrape
   */
  public void watchStore(Supplier<StoreFigures> now) {
    Gauge.builder("intrahub.store.bytes", now, s -> s.get().bytes())
        .description("Bytes of the store, published and being written")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
    Gauge.builder("intrahub.store.metadata", now, s -> s.get().metadataBytes())
        .description("Bytes of listings and repo info, included in intrahub_store_bytes")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
    if (now.get().limit().isPresent()) {
      Gauge.builder("intrahub.store.limit", now, s -> number(s.get().limit()))
          .description("Limit of intrahub_store_bytes")
          .baseUnit("bytes")
          .strongReference(true)
          .register(registry);
    }
    Gauge.builder("intrahub.store.free", now, s -> number(s.get().free()))
        .description("Free bytes of the store's disk")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
    // These counters refer to the supplier weakly; the gauges above keep it alive.
    FunctionCounter.builder("intrahub.store.evicted.blobs", now, s -> s.get().evictedBlobs())
        .description("Blobs that were evicted")
        .register(registry);
    FunctionCounter.builder("intrahub.store.evicted", now, s -> s.get().evictedBytes())
        .description("Bytes that were evicted")
        .baseUnit("bytes")
        .register(registry);
  }

  private static double number(OptionalLong value) {
    return value.isPresent() ? value.getAsLong() : Double.NaN;
  }

  /**
   * Registers the meter of the calls that upstream still allows; NaN while it is unknown.
   *
   * @param quota as upstream names it
   * @param identity {@code anonymous} or {@code token}
   * @param left called for each scrape
   */
  public void watchQuota(String quota, String identity, Supplier<OptionalLong> left) {
    Gauge.builder("intrahub.upstream.calls.left", left, l -> number(l.get()))
        .description("Calls that upstream allows until its window ends; of tokens, the least")
        .tag("quota", quota)
        .tag("identity", identity)
        .strongReference(true)
        .register(registry);
  }

  /** Returns the registry. */
  public MeterRegistry registry() {
    return registry;
  }
}
