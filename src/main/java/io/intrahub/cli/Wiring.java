package io.intrahub.cli;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.EventOrder;
import io.intrahub.access.ReadPolicy;
import io.intrahub.access.SteadyClock;
import io.intrahub.base.CacheSizes;
import io.intrahub.base.MemoryBudget;
import io.intrahub.cachefolder.SeedListings;
import io.intrahub.hub.ViaHeader;
import io.intrahub.metrics.Meters;
import io.intrahub.mirror.Mirror;
import io.intrahub.store.GuardedFolder;
import io.intrahub.store.PublishedBlobs;
import io.intrahub.store.RepoStore;
import io.intrahub.store.Scratch;
import io.intrahub.store.Seeds;
import io.intrahub.store.fs.SeedFolders;
import io.intrahub.transfer.Transfers;
import io.intrahub.upstream.hub.HubUpstream;
import io.intrahub.upstream.hub.RetryTiming;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;
import javax.net.SocketFactory;

/**
 * Joins the parts of the mirror between its store and its listeners. {@link App} adds the process
 * around them; tests use the same wiring, so that nothing which decorates a part is missing there.
 *
 * <p>Each method makes a new part, which the caller closes.
 */
public final class Wiring {
  private final AppSettings settings;
  private final Environment environment;
  private final MemoryBudget budget;
  private final Meters meters;
  private final Clock grantClock;
  private final EventOrder order;

  /**
   * What the parts take from the process around them, and what a test replaces.
   *
   * @param clock the time by which observations age
   * @param elapsed nanoseconds that pass even if the clock is set back; see {@link SteadyClock}
   * @param nanos the time of transfers, as {@link System#nanoTime}
   * @param tasks runs each task on a thread of its own: tasks wait for upstream and for each other
   * @param timer runs short tasks only
   * @param sockets opens the connections to upstream
   * @param retries the pauses between attempts of a call
   * @param caches the sizes of the caches
   * @param name of the mirror in {@code Via}, which no other mirror has
   */
  public record Environment(
      Clock clock,
      LongSupplier elapsed,
      LongSupplier nanos,
      Executor tasks,
      ScheduledExecutorService timer,
      SocketFactory sockets,
      RetryTiming retries,
      CacheSizes caches,
      String name) {
    /**
     * Returns one with real sockets and caches that fit the heap of this process. Transfers take
     * real time; no time passes besides that of the clock.
     */
    public static Environment of(Clock clock, Executor tasks, ScheduledExecutorService timer) {
      return new Environment(
          clock,
          () -> 0,
          System::nanoTime,
          tasks,
          timer,
          SocketFactory.getDefault(),
          RetryTiming.REAL,
          CacheSizes.ofHeap(Runtime.getRuntime().maxMemory()),
          ViaHeader.name("0".repeat(16)));
    }

    /** Returns a copy in which time passes besides that of the clock. */
    public Environment withElapsed(LongSupplier other) {
      return new Environment(clock, other, nanos, tasks, timer, sockets, retries, caches, name);
    }

    /** Returns a copy with another time for transfers. */
    public Environment withNanos(LongSupplier other) {
      return new Environment(clock, elapsed, other, tasks, timer, sockets, retries, caches, name);
    }

    /** Returns a copy that opens connections to upstream in another way. */
    public Environment withSockets(SocketFactory other) {
      return new Environment(clock, elapsed, nanos, tasks, timer, other, retries, caches, name);
    }

    /** Returns a copy with caches of other sizes. */
    public Environment withCaches(CacheSizes other) {
      return new Environment(clock, elapsed, nanos, tasks, timer, sockets, retries, other, name);
    }

    /** Returns a copy with another name. */
    public Environment withName(String other) {
      return new Environment(clock, elapsed, nanos, tasks, timer, sockets, retries, caches, other);
    }

    /** Returns a copy with other pauses between attempts of a call. */
    public Environment withRetries(RetryTiming other) {
      return new Environment(clock, elapsed, nanos, tasks, timer, sockets, other, caches, name);
    }
  }

  /**
   * Prepares the wiring of one mirror.
   *
   * @param budget the memory that buffers of variable size share
   * @param meters the meters of all parts
   */
  public Wiring(AppSettings settings, Environment environment, MemoryBudget budget, Meters meters) {
    this.settings = settings;
    this.environment = environment;
    this.budget = budget;
    this.meters = meters;
    this.grantClock = new SteadyClock(environment.clock(), environment.elapsed());
    this.order = new EventOrder(grantClock);
  }

  /** Returns the access to upstream, which has connected to nothing yet. */
  public HubUpstream upstream() {
    return new HubUpstream(
        settings.upstream(),
        environment.clock(),
        environment.timer(),
        budget,
        order,
        meters,
        environment.sockets(),
        environment.retries(),
        environment.name());
  }

  /** Returns the transfers into this part of a store. */
  public Transfers transfers(PublishedBlobs published, Scratch scratch) {
    return new Transfers(
        published,
        scratch,
        settings.transfer(),
        environment.tasks(),
        environment.timer(),
        environment.nanos(),
        meters);
  }

  private Seeds seeds() {
    List<GuardedFolder> folders = settings.seeds().stream().map(GuardedFolder::new).toList();
    if (folders.isEmpty()) {
      return Seeds.NONE;
    }
    meters.watchSeeds(() -> (int) folders.stream().filter(GuardedFolder::hangs).count());
    SeedFolders blobs = new SeedFolders(folders, environment.nanos(), environment.caches().seeds());
    return new Seeds(blobs, new SeedListings(folders, blobs, environment.clock()), folders);
  }

  /**
   * Returns the use cases, with the checks of who may read what.
   *
   * @param policy whose right to read counts, and what the operator's rules refuse
   */
  public Mirror mirror(
      RepoStore repos, HubUpstream upstream, Transfers transfers, ReadPolicy policy) {
    return new Mirror(
        new AccessChecker(repos, order, grantClock, settings.access()),
        policy,
        repos,
        upstream,
        transfers,
        seeds(),
        meters,
        budget,
        environment.caches(),
        environment.tasks(),
        environment.clock(),
        settings.mirror());
  }
}
