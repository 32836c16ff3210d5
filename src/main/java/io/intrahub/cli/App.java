package io.intrahub.cli;

import io.intrahub.access.AccessToken;
import io.intrahub.access.Fingerprints;
import io.intrahub.access.local.AccessMode;
import io.intrahub.access.local.AccessRules;
import io.intrahub.admin.AdminServer;
import io.intrahub.admin.StatusReport;
import io.intrahub.audit.AuditLog;
import io.intrahub.base.CacheSizes;
import io.intrahub.base.DirectBufferPool;
import io.intrahub.base.MemoryBudget;
import io.intrahub.cli.upkeep.MirrorUpkeep;
import io.intrahub.cli.upkeep.UpkeepStore;
import io.intrahub.http.HubServer;
import io.intrahub.http.RequestListener;
import io.intrahub.hub.ViaHeader;
import io.intrahub.metrics.MemoryMeters;
import io.intrahub.metrics.Meters;
import io.intrahub.mirror.Mirror;
import io.intrahub.mirror.MirrorStatus;
import io.intrahub.store.Maintenance;
import io.intrahub.store.StoreException;
import io.intrahub.store.StoreUsage;
import io.intrahub.store.fs.FolderId;
import io.intrahub.store.fs.FsStore;
import io.intrahub.transfer.Transfers;
import io.intrahub.upstream.hub.HubUpstream;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running mirror: the composition root. {@link Wiring} joins the parts between the store and the
 * listeners; everything else of the process is made here.
 */
public final class App implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(App.class);
  private static final int ID_BYTES = 8;
  private static final int LOG_SECONDS = 10;
  private static final long TIDY_MINUTES = 1;
  private static final long SAVE_MINUTES = 10;
  private static final long VIEW_MINUTES = 1;

  /** A clock that is put back must not make a grant look too old that still counts. */
  private static final Duration CLOCK_TOLERANCE = Duration.ofDays(1);

  /** Who a command of this process is, for limits and for rules about networks. */
  private static final InetAddress OWN_ADDRESS = InetAddress.getLoopbackAddress();

  /**
   * Limits of clients count nothing against it: it fetches for the operator, as the mirror does.
   */
  private static final String OWN_COMMAND = "";

  /** How long a reservation waits for memory; shorter than any client waits for an answer. */
  private static final Duration BUDGET_PATIENCE = Duration.ofSeconds(2);

  /** The started components, the last one first; closed in that order. */
  private final Deque<AutoCloseable> started = new ArrayDeque<>();

  private final Maintenance maintenance;
  private final BackgroundTasks tasks;
  private final Meters meters;
  private final MemoryBudget budget;
  private final DirectBufferPool clientBuffers;
  private final Transfers transfers;
  private final Mirror mirror;
  private final ViewKeeper view;

  /** Makes the store for a command's work, with the token of its user. */
  private final Function<Optional<AccessToken>, UpkeepStore> upkeep;

  private final HubServer http;
  private final AdminServer admin;

  private App(
      AppSettings settings,
      Clock clock,
      LongSupplier elapsed,
      RequestListener listener,
      CacheSizes caches,
      boolean listening)
      throws StoreException, IOException, StartException {
    boolean complete = false;
    try {
      tasks = new BackgroundTasks();
      SecureRandom random = new SecureRandom();
      // A new one at each start: a copy of the store's folder must not take requests for its own.
      String name = ViaHeader.name(randomId(random));
      ScheduledExecutorService timer =
          Executors.newSingleThreadScheduledExecutor(
              Thread.ofPlatform().daemon().name("timer").factory());
      Wiring.Environment environment =
          Wiring.Environment.of(clock, tasks, timer)
              .withElapsed(elapsed)
              .withCaches(caches)
              .withName(name);
      // The only place that chooses a kind of store; the operator's commands are for folders.
      FsStore store =
          add(FsStore.open(settings.data(), clock, settings.store(), environment.caches(), tasks));
      maintenance = store.maintenance();
      // Tasks end before the store closes, which runs some of its own.
      started.push(tasks);
      started.push(timer::shutdownNow);
      PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
      started.push(registry::close);
      meters = new Meters(registry);
      meters.watchStore(() -> figures(maintenance.usage()));
      meters.watchTasks(tasks::running);
      MemoryMeters memory = new MemoryMeters(registry);
      budget = new MemoryBudget(settings.budgetBytes(), BUDGET_PATIENCE);
      memory.watchBudget(() -> figures(budget.usage()));
      Wiring wiring = new Wiring(settings, environment, budget, meters);
      HubUpstream upstream = add(wiring.upstream());
      transfers = add(wiring.transfers(store.published(), store.scratch()));
      var _ =
          timer.scheduleWithFixedDelay(
              new RepeatedTask("log the progress of downloads", transfers::logProgress),
              LOG_SECONDS,
              LOG_SECONDS,
              TimeUnit.SECONDS);
      SiteWiring site =
          SiteWiring.of(
              settings.site(), settings.data(), new Fingerprints(store.installationKey()), clock);
      mirror = wiring.mirror(store.repos(), upstream, transfers, site.policy());
      upkeep =
          token ->
              UpkeepStore.of(
                  store,
                  mirror,
                  site.callers().identify(token, OWN_COMMAND, OWN_ADDRESS),
                  token.isPresent());
      // Before anything is evicted, which must leave the view too.
      view = ViewKeeper.of(store, settings, mirror.openRepos(), clock);
      RequestListener told = withAudit(settings, clock, listener);
      clientBuffers = new DirectBufferPool(settings.bufferBytes());
      memory.watchBuffers(() -> figures(clientBuffers.usage()));
      http =
          add(
              new HubServer(
                  settings.http(),
                  settings.clients(),
                  mirror,
                  name,
                  site.callers(),
                  clientBuffers,
                  budget,
                  () -> randomId(random),
                  timer,
                  System::nanoTime,
                  told));
      MirrorJobs jobs =
          new MirrorJobs(
              Stream.concat(
                      Stream.of(
                          new MirrorImport(
                              store, settings.data(), mirror.importGuard(), budget, clock),
                          new ViewJob(view),
                          new LastUsesJob(ListCommand.NAME, maintenance),
                          new LastUsesJob(DiskUsageCommand.NAME, maintenance)),
                      MirrorUpkeep.all(store, mirror).stream())
                  .toList(),
              new JobChallenges(store.operatorKey(), System::nanoTime, random),
              tasks,
              timer);
      admin =
          add(
              new AdminServer(
                  settings.admin().host(),
                  settings.admin().port(),
                  settings.adminHosts(),
                  registry,
                  mirror,
                  new StatusReport(
                      Main.Version.number(),
                      clock,
                      mirror,
                      maintenance::usage,
                      new StatusReport.StoreName(store.id(), FolderId.of(settings.data())),
                      settings.http().host(),
                      http::port),
                  jobs));
      // Before the listener closes, which waits for its requests.
      started.push(jobs);
      if (listening) {
        http.start();
        admin.start();
      }
      tasks.execute(() -> {
        try {
          maintenance.deleteGrantsOlderThan(
              settings.access().longestTokenGrant().plus(CLOCK_TOLERANCE));
        } finally {
          // Whatever becomes of the grants: without the scan, nothing is evicted.
          maintenance.scan();
        }
      });
      every(timer, TIDY_MINUTES, "keep the store below its limit", maintenance::tidy);
      tasks.execute(view);
      every(timer, VIEW_MINUTES, "renew the shared cache folder", view);
      every(timer, SAVE_MINUTES, "save when files were last used", maintenance::saveLastUses);
      complete = true;
    } finally {
      if (!complete) {
        close();
      }
    }
  }

  /**
   * Starts a mirror in real time.
   *
   * @param clock the time of the system, by which cached answers age
   * @param listener called for each answered request
   * @throws StoreException when the store's folder can't be used
   * @throws IOException when a port can't be opened
   * @throws StartException when a file that the configuration names can't be used
   */
  public static App start(AppSettings settings, Clock clock, RequestListener listener)
      throws StoreException, IOException, StartException {
    return new App(settings, clock, System::nanoTime, listener, cachesOfThisProcess(), true);
  }

  /**
   * Starts a mirror that this process alone can use, because it opens no port: otherwise any user
   * of this machine could read through it, by rules for this machine and with the mirror's token.
   */
  static App startWithoutListeners(AppSettings settings, Clock clock)
      throws StoreException, IOException, StartException {
    return new App(settings, clock, System::nanoTime, _ -> {}, cachesOfThisProcess(), false);
  }

  private static CacheSizes cachesOfThisProcess() {
    return CacheSizes.ofHeap(Runtime.getRuntime().maxMemory());
  }

  /**
   * Starts a mirror whose caches have these sizes, whatever the heap of this process, and for which
   * no time passes besides that of the clock.
   */
  public static App start(
      AppSettings settings, Clock clock, RequestListener listener, CacheSizes caches)
      throws StoreException, IOException, StartException {
    return new App(settings, clock, () -> 0, listener, caches, true);
  }

  private RequestListener withAudit(AppSettings settings, Clock clock, RequestListener listener)
      throws IOException {
    if (settings.audit().isEmpty()) {
      return listener;
    }
    Optional<AccessRules> rules =
        settings.site().mode() == AccessMode.PASSTHROUGH
            ? Optional.empty()
            : Optional.of(settings.site().rules());
    AuditLog audit = add(AuditLog.open(settings.audit().get(), rules, clock, meters));
    return request -> {
      listener.answered(request);
      audit.answered(request);
    };
  }

  private <T extends AutoCloseable> T add(T part) {
    started.push(part);
    return part;
  }

  private void every(ScheduledExecutorService timer, long minutes, String name, Runnable work) {
    // Not on the timer's thread, because a slow disk must not delay timeouts.
    RepeatedTask task = new RepeatedTask(name, () -> tasks.execute(new RepeatedTask(name, work)));
    ScheduledFuture<?> _ = timer.scheduleWithFixedDelay(task, minutes, minutes, TimeUnit.MINUTES);
  }

  private static Meters.StoreFigures figures(StoreUsage usage) {
    return new Meters.StoreFigures(
        usage.used(),
        usage.metadataBytes(),
        usage.limit(),
        usage.free(),
        usage.evictedBlobs(),
        usage.evictedBytes());
  }

  private static MemoryMeters.Budget figures(MemoryBudget.Usage usage) {
    return new MemoryMeters.Budget(usage.total(), usage.used(), usage.refusals());
  }

  private static MemoryMeters.Buffers figures(DirectBufferPool.Usage usage) {
    return new MemoryMeters.Buffers(usage.total(), usage.lent(), usage.largest());
  }

  /** Returns the state of the memory budget. */
  public MemoryBudget.Usage budgetUsage() {
    return budget.usage();
  }

  private static String randomId(SecureRandom random) {
    byte[] id = new byte[ID_BYTES];
    random.nextBytes(id);
    return HexFormat.of().formatHex(id);
  }

  /** Returns the address of the clients' listener on this machine. */
  public URI uri() {
    return URI.create("http://127.0.0.1:" + http.port());
  }

  /** Returns the address of the operator's listener on this machine. */
  public URI adminUri() {
    return URI.create("http://127.0.0.1:" + admin.port());
  }

  /** Returns the meters. */
  public Meters meters() {
    return meters;
  }

  /** Returns what the store contains now. */
  public StoreUsage storeUsage() {
    return maintenance.usage();
  }

  /** Returns the current state, as {@code /status} shows it. */
  public MirrorStatus status() {
    return mirror.status();
  }

  /** Brings the folder that is shared with clients up to date now, if there is one. */
  public void refreshView() {
    view.run();
  }

  /** Returns the folder that is shared with clients. */
  ViewKeeper view() {
    return view;
  }

  /**
   * Returns the store, for work that a command of this process does.
   *
   * @param token in whose name the work fetches what not everybody may read, as a client on this
   *     machine would
   */
  UpkeepStore upkeep(Optional<AccessToken> token) {
    return upkeep.apply(token);
  }

  /** Number of requests that are being answered. */
  public int requestsInFlight() {
    return http.requestsInFlight();
  }

  /** Bytes of the pooled buffers through which bodies are being written to clients now. */
  public long clientBuffersLent() {
    return clientBuffers.lent();
  }

  /** Returns the number of transfers in progress. */
  public int runningTransfers() {
    return transfers.running();
  }

  /**
   * Returns the number of background tasks: transfers, listings, refreshes and the like, with or
   * without a waiting client.
   */
  public int runningTasks() {
    return tasks.running();
  }

  @Override
  public void close() {
    while (!started.isEmpty()) {
      try {
        started.pop().close();
      } catch (Exception e) {
        log.warn("A component could not be closed", e);
      }
    }
  }
}
