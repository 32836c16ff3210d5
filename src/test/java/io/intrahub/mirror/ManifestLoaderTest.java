package io.intrahub.mirror;

import static io.intrahub.access.TestGrants.everybody;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.Authorised;
import io.intrahub.access.Caller;
import io.intrahub.base.BudgetExhaustedException;
import io.intrahub.base.MemoryBudget;
import io.intrahub.cli.Wiring;
import io.intrahub.hub.CommitHash;
import io.intrahub.hub.FilePath;
import io.intrahub.hub.RepoId;
import io.intrahub.hub.RepoType;
import io.intrahub.metrics.Meters;
import io.intrahub.mirror.ManifestLoader.Result;
import io.intrahub.store.Manifest;
import io.intrahub.store.SeedMetadata;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.ListingHub;
import io.intrahub.testing.TestWiring;
import io.intrahub.upstream.hub.EndpointSettings;
import io.intrahub.upstream.hub.HubUpstream;
import io.intrahub.upstream.hub.UpstreamSettings;
import io.intrahub.upstream.net.NetworkSettings;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Learning listings: large ones, many at once, and broken ones. */
class ManifestLoaderTest {
  private static final CommitHash COMMIT = new CommitHash(ListingHub.COMMIT);
  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir Path folder;

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final List<AutoCloseable> parts = new ArrayList<>();

  private ListingHub hub;
  private MemoryBudget budget = new MemoryBudget(16 << 20, Duration.ofMillis(10));
  private ManifestLoader manifests;

  private void start(int files, int pageSize, int limit) throws Exception {
    hub = new ListingHub(files, pageSize);
    FsStore store = FsStore.open(folder, Clock.systemUTC(), DiskBudgetSettings.DEFAULT, threads);
    Duration time = Duration.ofSeconds(20);
    HubUpstream upstream =
        new Wiring(
                TestWiring.settings(
                    UpstreamSettings.to(List.of(EndpointSettings.trusted(hub.uri())))
                        .withNetwork(NetworkSettings.DEFAULT.withTimeouts(time))),
                Wiring.Environment.of(Clock.systemUTC(), threads, timer),
                budget,
                new Meters(new SimpleMeterRegistry()))
            .upstream();
    parts.addAll(List.of(upstream, hub, store));
    manifests =
        new ManifestLoader(
            new KnownCommits(store.repos(), SeedMetadata.NONE),
            new RepoReplacements(store.repos()),
            upstream,
            budget,
            threads,
            limit);
  }

  @AfterEach
  void stop() throws Exception {
    await().until(() -> budget.usage().used() == 0);
    for (AutoCloseable part : parts) {
      part.close();
    }
    threads.shutdownNow();
    timer.shutdownNow();
  }

  private static Authorised<RepoId> repo(int number) {
    return everybody(new RepoId(RepoType.MODEL, "acme/r" + number));
  }

  private Result learn(int repo) {
    return learn(repo, "one");
  }

  private Result learn(int repo, String client) {
    ColdQuestionLimiter.Admission free =
        new ColdQuestionLimiter(1, Clock.systemUTC(), 1L << 20).admission(Caller.anonymous(client));
    return manifests
        .getOrLearn(repo(repo), COMMIT, Caller.anonymous(client), free, LONG)
        .orElseThrow();
  }

  private static Manifest complete(Result result) {
    assertThat(result).isInstanceOf(Result.Complete.class);
    return ((Result.Complete) result).manifest();
  }

  private static List<String> paths(Manifest manifest) throws IOException {
    List<String> paths = new ArrayList<>();
    manifest.list(Optional.empty(), true, e -> paths.add(e.entry().path().value()));
    return paths;
  }

  private static List<String> expected(int files) {
    return IntStream.range(0, files).mapToObj(ListingHub::path).toList();
  }

  @Tag("slow")
  @Test
  void six_large_listings_at_once_share_what_one_owner_may_hold() throws Exception {
    int files = 15_000;
    start(files, 1_000, 200_000);
    AtomicLong peak = new AtomicLong();
    hub.pages((call, from, end, to) -> {
      hub.write(call, from, end, to);
      peak.accumulateAndGet(budget.usage().used(), Math::max);
    });
    List<Future<ManifestLoader.Result>> learnings = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      Authorised<RepoId> repo = repo(i);
      learnings.add(threads.submit(() -> manifests.learn(repo, COMMIT, Caller.anonymous("one"))));
    }
    for (int i = 0; i < 6; i++) {
      assertThat(learnings.get(i).get()).isInstanceOf(ManifestLoader.Result.Complete.class);
      Manifest manifest = manifests.get(repo(i), COMMIT).orElseThrow();
      assertThat(manifest.size()).isEqualTo(files);
      assertThat(manifest.find(new FilePath(ListingHub.path(4711)))).isPresent();
    }
    // Their entries take more than 20 megabytes of heap.
    assertThat(peak.get()).isBetween(1L, budget.share());
    assertThat(hub.listings()).isEqualTo(6 * files / 1_000);
  }

  @Test
  void a_page_that_breaks_off_adds_nothing_and_is_read_again() throws Exception {
    start(2_500, 1_000, 200_000);
    hub.pages((call, from, end, to) -> {
      if (call == 2) {
        to.write(ListingHub.entry(9_999));
        to.write(",");
        hub.write(call, from, end - 10, to);
        ListingHub.breakOff(to);
      }
      hub.write(call, from, end, to);
    });
    Manifest manifest = complete(learn(0));
    assertThat(paths(manifest)).containsExactlyInAnyOrderElementsOf(expected(2_500));
    assertThat(manifest.size()).isEqualTo(2_500);
    assertThat(hub.listings()).isEqualTo(4);
  }

  @Test
  void a_page_that_breaks_off_does_not_count_towards_the_limit() throws Exception {
    start(1_000, 500, 1_000);
    hub.pages((call, from, end, to) -> {
      hub.write(call, from, end, to);
      if (call % 2 == 1) {
        ListingHub.breakOff(to);
      }
    });
    assertThat(complete(learn(0)).size()).isEqualTo(1_000);
  }

  @Test
  void a_listing_without_end_is_left_at_the_limit() throws Exception {
    start(10, 10, 5_000);
    CountDownLatch hungUp = new CountDownLatch(1);
    hub.pages((call, from, end, to) -> {
      try {
        for (int i = 0; i < 50_000_000; i++) {
          to.write(ListingHub.entry(i) + ",");
        }
      } finally {
        hungUp.countDown();
      }
    });
    assertThat(learn(0)).isInstanceOf(Result.TooLarge.class);
    hungUp.await();
    // Known for good: each page that a client reads would cost a listing otherwise.
    assertThat(learn(0)).isInstanceOf(Result.TooLarge.class);
    assertThat(hub.listings()).isEqualTo(1);
  }

  @Test
  void a_client_without_memory_learns_nothing_and_does_not_try_at_once_again() throws Exception {
    budget = new MemoryBudget(2 << 20, Duration.ofMillis(10));
    start(5_000, 1_000, 200_000);
    try (MemoryBudget.Reservation other = budget.reservation("one")) {
      other.grow(400_000);
      assertThat(learn(0)).isInstanceOf(Result.Crowded.class);
      int calls = hub.listings();
      assertThat(learn(0)).isInstanceOf(Result.Crowded.class);
      manifests.learnInBackground(repo(0), COMMIT, Caller.anonymous("one"));
      assertThat(hub.listings()).isEqualTo(calls);
      assertThat(manifests.get(repo(0), COMMIT)).isEmpty();

      assertThat(complete(learn(0, "two")).size()).as("another client").isEqualTo(5_000);
    }
  }

  /** Listings stop in their first page until the latch opens. */
  private void stall(AtomicInteger stalled, CountDownLatch goOn) {
    hub.pages((call, from, end, to) -> {
      stalled.incrementAndGet();
      try {
        goOn.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      hub.write(call, from, end, to);
    });
  }

  @Tag("slow")
  @Test
  void who_finds_many_listings_in_line_is_served_by_upstream() throws Exception {
    budget = new MemoryBudget(128 << 20, Duration.ofMillis(10));
    start(100, 100, 200_000);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger stalled = new AtomicInteger();
    stall(stalled, goOn);
    List<Future<Result>> first = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      int number = i;
      first.add(threads.submit(() -> learn(number, "client " + number % 8)));
    }
    await().until(() -> stalled.get() == 32);
    assertThat(learn(32, "another")).isInstanceOf(Result.TooLarge.class);
    assertThat(stalled.get()).isEqualTo(32);
    goOn.countDown();
    for (Future<Result> learning : first) {
      complete(learning.get());
    }
    // Its turn comes, though nobody waits any more.
    await().until(() -> manifests.get(repo(32), COMMIT).isPresent());
    assertThat(complete(learn(32, "another")).size()).isEqualTo(100);
  }

  @Test
  void clients_that_wait_for_one_listing_in_line_cost_one_call() throws Exception {
    budget = new MemoryBudget(64 << 20, Duration.ofMillis(10));
    start(100, 100, 200_000);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger stalled = new AtomicInteger();
    stall(stalled, goOn);
    List<Future<Result>> learning = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      int number = i;
      learning.add(threads.submit(() -> learn(number, "client " + number % 2)));
    }
    await().until(() -> stalled.get() == 8);
    for (int i = 0; i < 4; i++) {
      String client = "other " + i;
      learning.add(threads.submit(() -> learn(8, client)));
    }
    await().until(() -> stalled.get() == 9);
    goOn.countDown();
    for (Future<Result> each : learning) {
      assertThat(complete(each.get()).size()).isEqualTo(100);
    }
    assertThat(hub.listings()).isEqualTo(9);
  }

  @Test
  void a_listing_counts_against_the_client_that_was_in_a_hurry() throws Exception {
    budget = new MemoryBudget(64 << 20, Duration.ofMillis(10));
    start(100, 100, 200_000);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger stalled = new AtomicInteger();
    stall(stalled, goOn);
    List<Future<Result>> slow = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      int number = i;
      slow.add(threads.submit(() -> learn(number, "client " + number % 2)));
    }
    await().until(() -> stalled.get() == 8);
    hub.pages(hub::write);
    try (MemoryBudget.Reservation all = budget.reservation("beginner")) {
      takeAll(all);
      manifests.learnInBackground(repo(8), COMMIT, Caller.anonymous("beginner"));
      assertThat(complete(learn(8, "other")).size()).isEqualTo(100);
    }
    goOn.countDown();
    for (Future<Result> listing : slow) {
      complete(listing.get());
    }
  }

  private static void takeAll(MemoryBudget.Reservation reservation) throws IOException {
    try {
      while (true) {
        reservation.grow(1 << 10);
      }
    } catch (BudgetExhaustedException e) {
      // As intended.
    }
  }

  @Test
  void a_client_with_many_slow_listings_leaves_others_the_means_for_theirs() throws Exception {
    budget = new MemoryBudget(64 << 20, Duration.ofMillis(10));
    start(100, 100, 200_000);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger stalled = new AtomicInteger();
    stall(stalled, goOn);
    List<Future<Result>> slow = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      int number = i;
      slow.add(threads.submit(() -> learn(number, "greedy")));
    }
    await().until(() -> stalled.get() == 4);
    hub.pages(hub::write);
    assertThat(complete(learn(20, "honest")).size()).isEqualTo(100);
    goOn.countDown();
    for (Future<Result> listing : slow) {
      listing.get();
    }
  }
}
