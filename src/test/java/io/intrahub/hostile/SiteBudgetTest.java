package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.base.AddressRanges;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.RateGroup;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.http.ClientLimits;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A whole site loads through one mirror that the Hub knows as one address without a token, with the
 * Hub's own limits of August 2026.
 */
@Tag("slow")
@Timeout(600)
class SiteBudgetTest {
  private static final int CLIENTS = 200;
  private static final int REPOS = 30;
  private static final int FILES = 100;

  private static final Duration WINDOW = Duration.ofMinutes(5);
  private static final int MOST_WINDOWS = 3;

  private static final Set<Route> RESOLVES = Set.of(Route.RESOLVE, Route.RESOLVE_CACHE);

  @TempDir private Path data;
  private Rig rig;
  private Instant start;
  private final List<DevRepo> repos = new ArrayList<>();
  private final ConcurrentLinkedQueue<Recorded> calls = new ConcurrentLinkedQueue<>();

  @BeforeEach
  void start() throws Exception {
    ClientLimits limits =
        new ClientLimits(10_000, 2_048, 1_024, AddressRanges.of(List.of("127.0.0.1")));
    rig = new Rig(data, s -> s.withClients(limits));
    start = rig.clock.instant();
    rig.hub.rateLimit(RateGroup.API, 500, WINDOW);
    rig.hub.rateLimit(RateGroup.RESOLVERS, 3_000, WINDOW);
    rig.hub.rateLimit(RateGroup.PAGES, 100, WINDOW);
    rig.hub.onRequest(calls::add);
    for (int i = 0; i < REPOS; i++) {
      Map<String, DevFile> files = new HashMap<>();
      for (int j = 0; j < FILES; j++) {
        files.put("part-%03d.json".formatted(j), DevFile.text("{\"part\":" + i + j + "}"));
      }
      DevRepo repo = rig.hub.repo("model", "acme/m" + i);
      repo.commit("Add the files", files);
      repos.add(repo);
    }
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  @Test
  void many_clients_load_many_repos_within_the_limits_of_one_address() throws Exception {
    loadAll();
    awaitRecords();
    Duration took = Duration.between(start, rig.clock.instant());
    assertThat(took).isLessThan(WINDOW.multipliedBy(MOST_WINDOWS));
    assertThat(calls.stream().filter(call -> call.status() == 429)).isEmpty();
    assertThat(calls.stream().filter(call -> call.route() == Route.TREE))
        .as("listings, however many clients wait for one")
        .hasSizeBetween(REPOS, REPOS + REPOS / 5);
    expectAtMost(
        500,
        calls.stream()
            .filter(call ->
                call.path().startsWith("/api/") && !call.path().startsWith("/api/resolve-cache/")));
    expectAtMost(3_000, calls.stream().filter(call -> RESOLVES.contains(call.route())));
    // More than one window allows, so that this test is about the limit.
    assertThat(calls.stream().filter(call -> RESOLVES.contains(call.route())).count())
        .isBetween(3_001L, 3_000L + 3 * REPOS);

    // What is fresh costs nothing.
    repos.forEach(repo -> rig.get("/api/models/" + repo.id() + "/revision/main", Optional.empty()));
    awaitRecords();
    calls.clear();
    rig.hub.counters().reset();
    loadAll();
    awaitRecords();
    assertThat(calls).isEmpty();
  }

  /** The Hub hands a record on only after the mirror has its answer. */
  private void awaitRecords() {
    rig.settle();
    await().until(() -> calls.size() == rig.hub.counters().requests());
  }

  /** As the Hub counts them: in fixed windows, by one address. */
  private static void expectAtMost(int most, Stream<Recorded> counted) {
    Map<Long, Long> inWindow =
        counted.collect(
            Collectors.groupingBy(
                call -> Math.floorDiv(call.at().toEpochMilli(), WINDOW.toMillis()),
                Collectors.counting()));
    assertThat(inWindow.values()).isNotEmpty().allMatch(n -> n <= most);
  }

  /** Each client loads one repo. */
  private void loadAll() throws Exception {
    SleepingClients sleeping = new SleepingClients(rig.clock, CLIENTS);
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<ClientLoads.Load>> loads = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        DevRepo repo = repos.get(i % REPOS);
        String address = "10.0.%d.%d".formatted(i / 100, 1 + i % 100);
        loads.add(
            clients.submit(() -> {
              try {
                return new ClientLoads(rig, address, sleeping::sleep)
                    .snapshot(repo, Optional.empty());
              } finally {
                sleeping.left();
              }
            }));
      }
      for (Future<ClientLoads.Load> load : loads) {
        assertThat(load.get().error()).as(() -> "an error").isEmpty();
        assertThat(load.get().contents()).isEqualTo(FILES);
      }
    }
    rig.settle();
  }
}
