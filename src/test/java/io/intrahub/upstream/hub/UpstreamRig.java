package io.intrahub.upstream.hub;

import static io.intrahub.upstream.UpstreamResults.value;

import io.intrahub.access.AccessToken;
import io.intrahub.access.Caller;
import io.intrahub.access.Fingerprints;
import io.intrahub.cli.Wiring;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.metrics.Meters;
import io.intrahub.store.TestRepos;
import io.intrahub.testing.SettableClock;
import io.intrahub.testing.TestEndpoints;
import io.intrahub.testing.TestWiring;
import io.intrahub.upstream.BlobSource;
import io.intrahub.upstream.CommitFiles;
import io.intrahub.upstream.FirstHop;
import io.intrahub.upstream.UpstreamResult;
import io.intrahub.upstream.net.NetworkSettings;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** The upstream package on its own, with short limits. */
public final class UpstreamRig implements AutoCloseable {
  public static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/x");
  public static final Revision MAIN = new Revision("main");
  public static final String TOKEN = "hf_secret";
  public static final Caller HOLDER =
      new Fingerprints(new byte[32]).caller(AccessToken.of(TOKEN), "");

  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final HubUpstream upstream;

  private UpstreamRig(
      SettableClock clock,
      RetryTiming timing,
      boolean offline,
      Duration timeout,
      List<EndpointSettings> endpoints) {
    this(
        clock,
        timing,
        UpstreamSettings.to(endpoints)
            .withAnswerTimeout(Duration.ofSeconds(20))
            .withRetryPause(Duration.ofMillis(1))
            .withOffline(offline)
            .withNetwork(
                NetworkSettings.DEFAULT
                    // Of two equal limits on the head of an answer, either could end a call.
                    .withTimeouts(timeout.plusSeconds(1))
                    .withFirstByteTimeout(timeout)));
  }

  private UpstreamRig(SettableClock clock, RetryTiming timing, UpstreamSettings settings) {
    Wiring.Environment environment =
        Wiring.Environment.of(clock, Runnable::run, timer).withRetries(timing);
    upstream =
        new Wiring(
                TestWiring.settings(settings),
                environment,
                TestRepos.budget(),
                new Meters(registry))
            .upstream();
  }

  /** Asks these endpoints, the first of which is the Hub. */
  public static UpstreamRig to(SettableClock clock, URI... endpoints) {
    return withTimeout(TIMEOUT, clock, endpoints);
  }

  /** Asks these endpoints, and waits this long for each answer. */
  static UpstreamRig withTimeout(Duration timeout, SettableClock clock, URI... endpoints) {
    return new UpstreamRig(
        clock, RetryTiming.REAL, false, timeout, TestEndpoints.firstTrusted(List.of(endpoints)));
  }

  /**
   * Asks these endpoints as they are configured. Single calls have no limit that a test would
   * reach, and silence one of this length.
   */
  static UpstreamRig withSilence(
      Duration silence, SettableClock clock, EndpointSettings... endpoints) {
    return new UpstreamRig(
        clock,
        RetryTiming.REAL,
        UpstreamSettings.to(List.of(endpoints))
            .withAnswerTimeout(Duration.ofMinutes(10))
            .withSilenceTimeout(silence)
            .withNetwork(NetworkSettings.DEFAULT.withTimeouts(Duration.ofMinutes(10))));
  }

  /** Asks these endpoints as they are configured. */
  static UpstreamRig to(SettableClock clock, EndpointSettings... endpoints) {
    return new UpstreamRig(clock, RetryTiming.REAL, false, TIMEOUT, List.of(endpoints));
  }

  /** Asks these endpoints; what passes between attempts is the time of the test. */
  static UpstreamRig withTiming(RetryTiming timing, URI... endpoints) {
    return new UpstreamRig(
        new SettableClock(),
        timing,
        false,
        TIMEOUT,
        TestEndpoints.firstTrusted(List.of(endpoints)));
  }

  /** The same, with a clock that may follow that time. */
  static UpstreamRig withTiming(SettableClock clock, RetryTiming timing, URI... endpoints) {
    return new UpstreamRig(
        clock, timing, false, TIMEOUT, TestEndpoints.firstTrusted(List.of(endpoints)));
  }

  /** Asks a Hub and its dataset viewer; what passes between attempts is the time of the test. */
  static UpstreamRig withViewer(RetryTiming timing, URI hub, URI viewer) {
    return new UpstreamRig(
        new SettableClock(),
        timing,
        UpstreamSettings.to(List.of(EndpointSettings.trusted(hub)))
            .withViewer(EndpointSettings.trusted(viewer))
            .withRetryPause(Duration.ofMillis(1)));
  }

  static UpstreamRig offline(URI endpoint) {
    return new UpstreamRig(
        new SettableClock(),
        RetryTiming.REAL,
        true,
        TIMEOUT,
        List.of(EndpointSettings.trusted(endpoint)));
  }

  public HubUpstream upstream() {
    return upstream;
  }

  /** What a counter shows. */
  long count(String name) {
    return (long) registry.get(name).counter().count();
  }

  UpstreamResult<FirstHop> hop(String path) {
    return hop(path, Caller.ANONYMOUS);
  }

  UpstreamResult<FirstHop> hop(String path, Caller caller) {
    return upstream.firstHop(REPO, MAIN, new FilePath(path), caller);
  }

  /** Asks about a file of this repo for the mirror itself. */
  UpstreamResult<FirstHop> learn(RepoId repo) {
    return upstream.learnFile(repo, MAIN, new FilePath("config.json"), Caller.ANONYMOUS);
  }

  FirstHop found(String path, Caller caller) {
    return value(hop(path, caller));
  }

  BlobSource source(FirstHop found, String path, Caller caller) {
    return source(found, path, caller, CommitFiles.NONE);
  }

  BlobSource source(FirstHop found, String path, Caller caller, CommitFiles files) {
    return upstream.source(
        found.repo(), found.commit(), new FilePath(path), found.blob(), caller, files);
  }

  /** All bytes of an opened stream. */
  static byte[] readAll(UpstreamResult<BlobSource.Opened> opening) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocate(10_000);
    try (BlobSource.Stream stream = value(opening).stream()) {
      while (stream.read(buffer.clear()) >= 0) {
        bytes.write(buffer.array(), 0, buffer.position());
      }
    }
    return bytes.toByteArray();
  }

  @Override
  public void close() {
    upstream.close();
    timer.shutdownNow();
  }
}
