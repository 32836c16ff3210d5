package io.intrahub.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.audit.AuditSettings;
import io.intrahub.base.CacheSizes;
import io.intrahub.cli.App;
import io.intrahub.cli.AppSettings;
import io.intrahub.cli.AppSettingsFactory;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.upstream.hub.UpstreamSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * The whole mirror in front of a made-up Hub, both in this process and by one clock, which stands
 * still until the test moves it. Closing it fails the test if the Hub saw what no client may do, or
 * if the mirror wrote the text of a token to its store, its audit log or its metrics. For one
 * thread.
 */
public final class MirrorUnderTest implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration ADMIN_PATIENCE = Duration.ofSeconds(20);

  /** At the end, when a test may have left no connection. */
  private static final Duration LAST_PATIENCE = Duration.ofSeconds(2);

  private final SettableClock clock = new SettableClock();
  private final DevHub hub;
  private final Path data;
  private final UnaryOperator<AppSettings> change;
  private final CacheSizes caches;
  private App app;
  private Optional<Path> audit = Optional.empty();
  private long mark;

  /**
   * Starts both.
   *
   * @param data the store's folder, which may be missing
   */
  public MirrorUnderTest(Path data) {
    this(data, Duration.ofSeconds(20));
  }

  /** The same, but the mirror waits for upstream no longer than this. */
  public MirrorUnderTest(Path data, Duration firstByteTimeout) {
    this(data, s -> withFirstByteTimeout(s, firstByteTimeout));
  }

  /** The same, with limits for the store. */
  public MirrorUnderTest(Path data, DiskBudgetSettings store) {
    this(data, s -> withFirstByteTimeout(s, Duration.ofSeconds(20)).withStore(store));
  }

  private MirrorUnderTest(Path data, UnaryOperator<AppSettings> change) {
    this(data, change, DevHub.builder());
  }

  /**
   * The same, with other settings and another Hub.
   *
   * @param change is given the defaults at each start
   * @param builder gets the clock
   */
  public MirrorUnderTest(Path data, UnaryOperator<AppSettings> change, DevHub.Builder builder) {
    this(data, change, builder, CacheSizes.ofHeap(Runtime.getRuntime().maxMemory()));
  }

  /** The same, with caches of other sizes. */
  public MirrorUnderTest(
      Path data, UnaryOperator<AppSettings> change, DevHub.Builder builder, CacheSizes caches) {
    this.data = data;
    this.change = change;
    this.caches = caches;
    this.hub = builder.clock(clock).start();
    this.app = start(false);
  }

  private static AppSettings withFirstByteTimeout(AppSettings s, Duration timeout) {
    UpstreamSettings u = s.upstream();
    return s.withUpstream(u.withNetwork(u.network().withFirstByteTimeout(timeout)));
  }

  private App start(boolean offline) {
    // By its address: the name under which a made-up Hub shows itself need not exist.
    URI upstream = URI.create("http://127.0.0.1:" + hub.port());
    AppSettings s = change.apply(AppSettingsFactory.demo("127.0.0.1", 0, data, upstream));
    AppSettings settings = s.withUpstream(s.upstream().withOffline(offline));
    audit = settings.audit().map(AuditSettings::file);
    try {
      return App.start(settings, clock, request -> {}, caches);
    } catch (Exception e) {
      hub.close();
      throw new AssertionError("the mirror does not start", e);
    }
  }

  /** Stops the mirror and starts it again on the same folder, on another port. */
  public void restart() {
    app.close();
    app = start(false);
  }

  /** The same with {@code mode: offline}: upstream is never asked. */
  public void restartOffline() {
    app.close();
    app = start(true);
  }

  /** What clients take as {@code HF_ENDPOINT}. */
  public URI uri() {
    return app.uri();
  }

  public App app() {
    return app;
  }

  /** The clock of both. */
  public SettableClock clock() {
    return clock;
  }

  public DevHub hub() {
    return hub;
  }

  /** The folder of the store. */
  public Path data() {
    return data;
  }

  /** Lets time pass for the mirror and for the Hub. */
  public void pass(Duration time) {
    clock.pass(time);
  }

  /** Waits until nothing goes on behind the clients' backs: no transfer, no listing, no refresh. */
  public void awaitIdle() {
    await("the mirror has nothing to do")
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> app.runningTasks() == 0);
  }

  /** From now on {@link #upstream} counts. */
  public void mark() {
    mark = hub.log().isEmpty() ? 0 : hub.log().getLast().number();
  }

  /** What was asked upstream since the mark, at the Hub and at the CDN, in order of arrival. */
  public List<Recorded> upstream() {
    return hub.log().stream().filter(r -> r.number() > mark).toList();
  }

  /** Of that the requests of these routes. */
  public List<Recorded> upstream(Route first, Route... more) {
    Set<Route> routes = EnumSet.of(first, more);
    return upstream().stream().filter(r -> routes.contains(r.route())).toList();
  }

  /** Of that the requests that read bytes of files. */
  public List<Recorded> contentReads() {
    return upstream(Route.CDN, Route.RESOLVE_CACHE);
  }

  /** How many requests of each route there were since the mark. */
  public Map<Route, Long> upstreamByRoute() {
    Map<Route, Long> counts = new TreeMap<>();
    upstream().forEach(r -> counts.merge(r.route(), 1L, Long::sum));
    return counts;
  }

  /** Body bytes that these requests brought. */
  public static long bytes(Collection<Recorded> requests) {
    return requests.stream().mapToLong(Recorded::bytesSent).sum();
  }

  /** Fails with their list if there were requests upstream since the mark. */
  public void expectSilence() {
    awaitIdle();
    assertThat(upstream()).as("requests upstream").isEmpty();
  }

  /** The names of all published blobs, those of single repos and those that all share. */
  public List<String> storedBlobs() {
    try {
      return LiveFolder.walk(data).stream()
          .filter(Files::isRegularFile)
          .filter(f -> data.relativize(f).toString().matches("(repos/[^/]+/)?blobs/.*"))
          .map(f -> f.getFileName().toString())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the operator's listener shows; empty if a test has left it no connection or memory. */
  public String metrics() {
    return admin("/metrics", ADMIN_PATIENCE);
  }

  /** What the operator's listener tells of the state. */
  public String status() {
    return admin("/status", ADMIN_PATIENCE);
  }

  private String admin(String path, Duration patience) {
    try {
      URLConnection connection = app.adminUri().resolve(path).toURL().openConnection();
      connection.setConnectTimeout((int) patience.toMillis());
      connection.setReadTimeout((int) patience.toMillis());
      try (InputStream in = connection.getInputStream()) {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
      }
    } catch (IOException e) {
      return "";
    }
  }

  @Override
  public void close() {
    try {
      Optional<String> inMetrics = TokenSearch.in(admin("/metrics", LAST_PATIENCE));
      app.close();
      assertThat(inMetrics).as("a token in the metrics").isEmpty();
      TokenSearch.expectNoneInFolder(data);
      audit.ifPresent(TokenSearch::expectNoneInLogs);
    } finally {
      hub.close();
    }
  }
}
