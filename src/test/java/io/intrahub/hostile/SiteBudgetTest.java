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
import java.util.function.BiFunction;
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

  /** In each repo. Each costs a resolve, so all of them cost as many as a window allows. */
  private static final int FILES = 100;

  private static final Duration WINDOW = Duration.ofMinutes(5);
  private static final int RESOLVES_OF_WINDOW = 3_000;

  /** In each repo, for more than a window allows. */
  private static final int MANY_FILES = 110;

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
    rig.hub.rateLimit(RateGroup.RESOLVERS, RESOLVES_OF_WINDOW, WINDOW);
    rig.hub.rateLimit(RateGroup.PAGES, 100, WINDOW);
    rig.hub.onRequest(calls::add);
  }

  private void fill(int filesOfRepo) {
    for (int i = 0; i < REPOS; i++) {
      Map<String, DevFile> files = new HashMap<>();
      for (int j = 0; j < filesOfRepo; j++) {
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
    fill(FILES);
    loadAll(FILES, (address, _) -> new ClientLoads(rig, address));
    assertThat(Duration.between(start, rig.clock.instant())).isLessThan(WINDOW);
    expectWithinLimits();
    assertThat(resolves()).isEqualTo((long) REPOS * FILES);
    expectFreeWarmLoads(FILES);
  }

  @Test
  void clients_that_wait_load_more_than_a_window_allows() throws Exception {
    fill(MANY_FILES);
    loadAll(MANY_FILES, (address, clients) -> new ClientLoads(rig, address, clients::sleep));
    assertThat(Duration.between(start, rig.clock.instant()))
        .isBetween(WINDOW.minusMinutes(1), WINDOW.multipliedBy(2));
    expectWithinLimits();
    assertThat(resolves())
        .isGreaterThan(RESOLVES_OF_WINDOW)
        .isLessThanOrEqualTo((long) REPOS * MANY_FILES + REPOS);
    expectFreeWarmLoads(MANY_FILES);
  }

  private long resolves() {
    return calls.stream().filter(call -> RESOLVES.contains(call.route())).count();
  }

  private void expectWithinLimits() {
    assertThat(calls.stream().filter(call -> call.status() == 429)).isEmpty();
    assertThat(calls.stream().filter(call -> call.route() == Route.TREE))
        .as("listings, however many clients wait for one")
        .hasSizeBetween(REPOS, REPOS + REPOS / 5);
    expectAtMost(
        500,
        calls.stream()
            .filter(call ->
                call.path().startsWith("/api/") && !call.path().startsWith("/api/resolve-cache/")));
    expectAtMost(
        RESOLVES_OF_WINDOW, calls.stream().filter(call -> RESOLVES.contains(call.route())));
  }

  /** What is fresh costs nothing. */
  private void expectFreeWarmLoads(int filesOfRepo) throws Exception {
    repos.forEach(repo -> rig.get("/api/models/" + repo.id() + "/revision/main", Optional.empty()));
    awaitRecords();
    calls.clear();
    rig.hub.counters().reset();
    loadAll(filesOfRepo, (address, _) -> new ClientLoads(rig, address));
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
  private void loadAll(int filesOfRepo, BiFunction<String, SleepingClients, ClientLoads> client)
      throws Exception {
    SleepingClients sleeping = new SleepingClients(rig.clock, CLIENTS);
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<ClientLoads.Load>> loads = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        DevRepo repo = repos.get(i % REPOS);
        String address = "10.0.%d.%d".formatted(i / 100, 1 + i % 100);
        loads.add(
            clients.submit(() -> {
              try {
                return client.apply(address, sleeping).snapshot(repo, Optional.empty());
              } finally {
                sleeping.left();
              }
            }));
      }
      for (Future<ClientLoads.Load> load : loads) {
        assertThat(load.get().error().map(ClientLoads::message)).isEmpty();
        assertThat(load.get().contents()).isEqualTo(filesOfRepo);
      }
    }
    awaitRecords();
  }
}
