package io.intrahub.mirror;

import static org.awaitility.Awaitility.await;

import io.intrahub.access.Caller;
import io.intrahub.access.ReadPolicy;
import io.intrahub.cli.AppSettings;
import io.intrahub.cli.Wiring;
import io.intrahub.devhub.DevHub;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.hub.Revision;
import io.intrahub.store.RepoStore;
import io.intrahub.store.memory.MemoryStore;
import io.intrahub.testing.SettableClock;
import io.intrahub.testing.TestEndpoints;
import io.intrahub.testing.TestWiring;
import io.intrahub.upstream.hub.HubUpstream;
import io.intrahub.upstream.hub.UpstreamSettings;
import io.intrahub.upstream.net.NetworkSettings;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** The use cases over a store in memory and a Hub of the test's own, without a server. */
final class MirrorRig implements AutoCloseable {
  static final String SELF = "http://mirror:8090";
  static final RepoId REPO = new RepoId(RepoType.MODEL, "acme/x");
  static final Revision MAIN = new Revision("main");

  final SettableClock clock;
  final MemoryStore store;
  final Mirror mirror;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final AtomicInteger running = new AtomicInteger();
  private final HubUpstream upstream;

  MirrorRig(DevHub... hubs) {
    this(UnaryOperator.identity(), hubs);
  }

  MirrorRig(UnaryOperator<AppSettings> change, DevHub... hubs) {
    this(change, UnaryOperator.identity(), hubs);
  }

  /**
   * Starts a mirror.
   *
   * @param repos makes what the mirror sees of the metadata in its store
   */
  MirrorRig(UnaryOperator<AppSettings> change, UnaryOperator<RepoStore> repos, DevHub... hubs) {
    this(new SettableClock(), Optional.empty(), change, repos, hubs);
  }

  private MirrorRig(
      SettableClock clock,
      Optional<MemoryStore> kept,
      UnaryOperator<AppSettings> change,
      UnaryOperator<RepoStore> repos,
      DevHub... hubs) {
    this.clock = clock;
    this.store = kept.orElseGet(() -> new MemoryStore(clock));
    List<URI> endpoints = List.of(hubs).stream().map(DevHub::uri).toList();
    Duration limit = Duration.ofSeconds(5);
    UpstreamSettings settings =
        UpstreamSettings.to(TestEndpoints.firstTrusted(endpoints))
            .withNetwork(NetworkSettings.DEFAULT.withTimeouts(limit));
    Executor counted =
        task -> {
          running.incrementAndGet();
          threads.execute(() -> {
            try {
              task.run();
            } finally {
              running.decrementAndGet();
            }
          });
        };
    Wiring wiring =
        TestWiring.of(
            change.apply(TestWiring.settings(settings)),
            Wiring.Environment.of(clock, counted, timer));
    upstream = wiring.upstream();
    mirror =
        wiring.mirror(
            repos.apply(store.repos()),
            upstream,
            wiring.transfers(store.published(), store.scratch()),
            ReadPolicy.PASSTHROUGH);
  }

  /** Ends this mirror, and starts another one over its store. */
  MirrorRig restarted(UnaryOperator<AppSettings> change, DevHub... hubs) {
    close();
    return new MirrorRig(clock, Optional.of(store), change, UnaryOperator.identity(), hubs);
  }

  FileAnswer file(String path) {
    return file(MAIN, path, false);
  }

  FileAnswer file(Revision revision, String path, boolean noCache) {
    return file(REPO, revision, path, noCache ? List.of("no-cache") : List.of());
  }

  /** The answer to a request whose response ends at once. */
  FileAnswer file(RepoId repo, Revision revision, String path, List<String> cacheControl) {
    try (ClientRequest client = ClientRequest.of(Caller.ANONYMOUS, cacheControl)) {
      return file(repo, revision, path, client);
    }
  }

  FileAnswer file(RepoId repo, Revision revision, String path, ClientRequest client) {
    return mirror.files().resolve(new RevisionRequest(repo, revision, client), new FilePath(path));
  }

  /** The commit of a file that is there. */
  String commitOf(String path) {
    return ((FileAnswer.Found) file(path)).commit().hex();
  }

  ApiReply info() {
    return info(REPO, List.of());
  }

  ApiReply info(RepoId repo, List<String> cacheControl) {
    try (ClientRequest client = ClientRequest.of(Caller.ANONYMOUS, cacheControl)) {
      return mirror.infos().info(repo, Optional.of(MAIN), "", client, "");
    }
  }

  ApiReply tree(TreeQuery query) {
    return tree(Optional.empty(), query);
  }

  ApiReply tree(Optional<FilePath> path, TreeQuery query) {
    return tree(path, query, List.of());
  }

  ApiReply tree(Optional<FilePath> path, TreeQuery query, List<String> cacheControl) {
    try (ClientRequest client = ClientRequest.of(Caller.ANONYMOUS, cacheControl)) {
      return mirror.trees().list(new RevisionRequest(REPO, MAIN, client), path, query, SELF);
    }
  }

  static TreeQuery everything() {
    return new TreeQuery(true, false, OptionalInt.empty(), Optional.empty(), "recursive=true");
  }

  /** Waits until all that goes on behind the clients' backs has ended. */
  void settle() {
    await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .atMost(Duration.ofSeconds(60))
        .until(() -> running.get() == 0);
  }

  @Override
  public void close() {
    upstream.close();
    threads.shutdownNow();
    timer.shutdownNow();
  }
}
