package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.clients.TableLoad.Outcome;
import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Every real client loads through the packed product: cold, warm and with upstream off, from repos
 * that everybody may read and from a private and a gated one. Each of the three times is a new
 * process with an empty cache. {@code docs/clients.md} shows the outcome; with {@code
 * -Dintrahub.write=true} the page is written instead of compared.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClientsTableIT {
  static final List<TableRow> ROWS = TableRow.ALL;
  static final List<TableRow> IN_PARTS =
      ROWS.stream().filter(row -> row.parts().isPresent()).toList();

  private static final Path PAGE = Path.of("docs/clients.md");
  private static final Optional<String> ALICE = Optional.of(DemoRepos.ALICE);
  private static final Optional<String> BOB = Optional.of(DemoRepos.BOB);
  private static final Optional<String> NOBODY = Optional.empty();

  private static final TableLoad PUSH = new TableLoad(TableRow.PUSH, TableRepos.PUBLIC, ALICE);
  private static final TableLoad WHOAMI = new TableLoad(TableRow.WHOAMI, TableRepos.PUBLIC, ALICE);

  /** How many clients run at once. They keep a processor busy, and most test machines have two. */
  private static final int PROCESSES = 2;

  /**
   * How long the three times take together depends on the machine. What the first one has learned
   * is fresh for longer, and no grant has lived for half of its time, when it would be renewed.
   */
  private static final Map<String, String> FRESH =
      Map.of(
          "INTRAHUB_FRESHNESS_REVISION_TTL", "1h",
          "INTRAHUB_FRESHNESS_LIST_TTL", "1h",
          "INTRAHUB_ACCESS_PUBLIC_TTL", "2h",
          "INTRAHUB_ACCESS_GRANT_TTL", "2h",
          "INTRAHUB_ACCESS_GRANT_GRACE", "2h");

  private Path tmp;
  private DevHub hub;
  private MirrorProcess mirror;
  private URI endpoint = URI.create("");
  private List<List<RecordedExchange>> recorded = List.of();
  private CurlClient curl;
  private final Map<TableLoad, Outcome> cold = new HashMap<>();
  private final Map<TableLoad, Outcome> warm = new HashMap<>();
  private final Map<TableLoad, Outcome> dark = new HashMap<>();
  private List<Recorded> duringWarm = List.of();

  @BeforeAll
  void load(@TempDir Path folder) throws Exception {
    tmp = folder;
    curl = new CurlClient(tmp);
    curl.assumeAvailable();
    ROWS.stream()
        .flatMap(row -> row.setup().stream())
        .map(ClientSetup::environment)
        .distinct()
        .forEach(name -> new PythonClient(name, tmp).assumeAvailable());
    hub = DevHub.builder().start();
    TableRepos.install(hub);
    mirror =
        MirrorProcess.serve(
            tmp.resolve("data"),
            hub.uri(),
            Files.createFile(tmp.resolve("log")),
            MirrorProcess.STARTS_QUICKLY,
            FRESH);

    List<TableLoad> granted = new ArrayList<>();
    List<TableLoad> refused = new ArrayList<>();
    for (TableRow row : ROWS) {
      granted.add(new TableLoad(row, TableRepos.PUBLIC, NOBODY));
      granted.add(new TableLoad(row, TableRepos.PRIVATE, ALICE));
      refused.add(new TableLoad(row, TableRepos.PRIVATE, BOB));
      if (!row.ofData()) {
        granted.add(new TableLoad(row, TableRepos.GATED, ALICE));
        refused.add(new TableLoad(row, TableRepos.GATED, BOB));
        refused.add(new TableLoad(row, TableRepos.GATED, NOBODY));
        refused.add(new TableLoad(row, TableRepos.PRIVATE, NOBODY));
      }
    }
    granted.add(WHOAMI);
    // The Hub says to each user whom it trusts, and says so to this one before the repo is refused.
    ROWS.stream()
        .filter(TableRow::ofKernels)
        .forEach(row -> granted.add(new TableLoad(row, TableRepos.PUBLIC, BOB)));
    List<TableLoad> first = new ArrayList<>(granted);
    first.add(PUSH);
    try (WireTap tap = new WireTap(mirror.uri())) {
      endpoint = tap.uri();
      cold.putAll(run(first));
      recorded = tap.exchanges();
    }
    endpoint = mirror.uri();
    mirror.awaitIdle();
    long before = hub.log().getLast().number();
    // What a refused client does to the client's cache must not help the granted one after it.
    List<TableLoad> both = new ArrayList<>(refused);
    both.addAll(granted);
    warm.putAll(run(both));
    mirror.awaitIdle();
    duringWarm = hub.log().stream().filter(r -> r.number() > before).toList();
    hub.goDark();
    dark.putAll(run(granted));
  }

  @AfterAll
  void stop() throws Exception {
    if (mirror != null) {
      mirror.close();
    }
    if (hub != null) {
      hub.close();
    }
  }

  private Map<TableLoad, Outcome> run(List<TableLoad> loads) throws Exception {
    Map<ClientSetup, List<TableLoad>> groups = new LinkedHashMap<>();
    List<Callable<Map<TableLoad, Outcome>>> processes = new ArrayList<>();
    for (TableLoad load : loads) {
      TableRow row = load.row();
      if (row.function().isEmpty()) {
        processes.add(() -> Map.of(load, runProgram(load)));
      } else {
        groups.computeIfAbsent(row.setup().orElseThrow(), _ -> new ArrayList<>()).add(load);
      }
    }
    groups.forEach(
        (setup, of) -> processes.addFirst(() -> TableLoad.inOneProcess(call(setup), of)));
    Map<TableLoad, Outcome> outcomes = new HashMap<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(PROCESSES)) {
      for (Future<Map<TableLoad, Outcome>> done : threads.invokeAll(processes)) {
        outcomes.putAll(done.get());
      }
    }
    return outcomes;
  }

  private Outcome runProgram(TableLoad load) {
    return load.row()
        .setup()
        .map(setup -> load.byCommand(call(setup)))
        .orElseGet(
            () -> load.byCurl(curl, endpoint, TableRepos.repo(hub, load.row(), load.ending())));
  }

  private PythonClient.Call call(ClientSetup setup) {
    return setup.call(tmp).endpoint(endpoint).timeout(Duration.ofMinutes(5));
  }

  @ParameterizedTest
  @FieldSource("ROWS")
  void whoever_may_read_a_repo_loads_it_cold_warm_and_with_upstream_off(TableRow row) {
    expectLoaded(row, "cold", cold);
    expectLoaded(row, "warm", warm);
    expectLoaded(row, "with upstream off", dark);
  }

  private void expectLoaded(TableRow row, String when, Map<TableLoad, Outcome> outcomes) {
    outcomes.forEach((load, outcome) -> {
      if (!load.row().equals(row) || isRefused(load)) {
        return;
      }
      String what = "%s, %s: %s".formatted(when, load.ending(), outcome.details());
      assertThat(outcome.refusal()).as(what).isEmpty();
      assertThat(outcome.rows()).as(what).isEqualTo(row.ofData() ? TableRepos.ROWS : "");
      Map<String, String> files = new TreeMap<>();
      TableRepos.repo(hub, row, load.ending())
          .files("main")
          .forEach((path, file) -> files.put(path, file.sha256()));
      assertThat(files).as(what).containsAllEntriesOf(outcome.digests());
      if (row.loadsAll()) {
        assertThat(outcome.digests()).as(what).isEqualTo(files);
      }
    });
  }

  private static boolean isRefused(TableLoad load) {
    return !load.ending().equals(TableRepos.PUBLIC) && !load.token().equals(ALICE);
  }

  @ParameterizedTest
  @FieldSource("ROWS")
  void a_warm_load_asks_upstream_nothing(TableRow row) {
    assertThat(duringWarm)
        .filteredOn(r -> concerns(r, row))
        // The Hub decides about everybody else, whatever others have loaded.
        .filteredOn(r -> isPublic(r, row) || authorised(r))
        .isEmpty();
  }

  private static boolean authorised(Recorded request) {
    return request.authorization().equals(ALICE.map(token -> "Bearer " + token));
  }

  /** A search names a repo in its query. */
  private static boolean concerns(Recorded request, TableRow row) {
    return decoded(request.target()).contains(row.repo(""));
  }

  private static boolean isPublic(Recorded request, TableRow row) {
    return !decoded(request.target()).contains(row.repo("") + "-");
  }

  private static String decoded(String target) {
    return target.replace("%2F", "/");
  }

  @Test
  void warm_loads_cause_no_other_request_upstream() {
    assertThat(duringWarm)
        .filteredOn(r -> r.route() != Route.WHOAMI)
        .filteredOn(r -> ROWS.stream().noneMatch(row -> concerns(r, row)))
        .isEmpty();
  }

  @Test
  void whoami_asks_the_hub_each_time_and_fails_while_it_is_down() {
    assertThat(cold.get(WHOAMI).rows()).isEqualTo("\"alice\"");
    assertThat(warm.get(WHOAMI).rows()).isEqualTo("\"alice\"");
    assertThat(duringWarm).filteredOn(r -> r.route() == Route.WHOAMI).hasSize(1);
    assertThat(dark.get(WHOAMI).refusal()).isEqualTo("`HfHubHTTPError`, 523");
  }

  @ParameterizedTest
  @FieldSource("ROWS")
  void everybody_else_is_refused_as_the_hub_refuses_them(TableRow row) {
    warm.forEach((load, outcome) -> {
      if (load.row().equals(row) && isRefused(load)) {
        assertThat(outcome.refusal()).as("%s %s", load, outcome).isNotEmpty();
        if (row.isSnapshot() || row.readsBoth()) {
          assertThat(outcome.refusal()).as(load.toString()).isEqualTo(expected(load));
        }
      }
    });
  }

  private static String expected(TableLoad load) {
    boolean gated = load.ending().equals(TableRepos.GATED);
    int status = load.token().isEmpty() ? 401 : gated ? 403 : 404;
    return "`%s`, %d".formatted(gated ? "GatedRepoError" : "RepositoryNotFoundError", status);
  }

  /** What {@code RecordedClientsTest} replays is what the clients of these versions ask. */
  @ParameterizedTest
  @FieldSource("ROWS")
  void a_cold_load_asks_what_is_recorded(TableRow row) throws IOException {
    List<RecordedExchange> exchanges =
        RecordedExchange.sorted(
            recorded.stream()
                .flatMap(List::stream)
                .filter(e -> row.isAbout(decoded(e.target())))
                .toList());
    if (Boolean.getBoolean("intrahub.write")) {
      RecordedExchange.write(row, exchanges);
    }
    assertThat(exchanges)
        .extracting(RecordedExchange::request)
        .containsExactlyElementsOf(
            RecordedExchange.read(row).stream().map(RecordedExchange::request).toList());
  }

  /** One after the other, all parts would come over one connection. */
  @ParameterizedTest
  @FieldSource("IN_PARTS")
  void the_parts_of_a_large_file_are_loaded_in_parallel(TableRow row) {
    Map.Entry<String, DevFile> large =
        TableRepos.repo(hub, row, TableRepos.PUBLIC).files("main").entrySet().stream()
            .max(Map.Entry.comparingByValue(Comparator.comparing(DevFile::size)))
            .orElseThrow();
    long size = large.getValue().size();
    long length = row.parts().orElseThrow();
    Set<String> parts = new HashSet<>();
    for (long from = 0; from < size; from += length) {
      long last = Math.min(from + length, size) - 1;
      parts.add("bytes %d-%d/%d".formatted(from, last, size));
    }

    List<List<String>> loaded =
        recorded.stream()
            .map(connection ->
                connection.stream()
                    .filter(e -> e.target().contains("/" + row.repo("") + "/resolve/"))
                    .filter(e -> e.target().endsWith("/" + large.getKey()))
                    .map(e -> e.answer().getOrDefault("content-range", ""))
                    .filter(parts::contains)
                    .toList())
            .filter(ranges -> !ranges.isEmpty())
            .toList();

    assertThat(loaded.stream().flatMap(List::stream)).containsExactlyInAnyOrderElementsOf(parts);
    assertThat(loaded).hasSizeGreaterThan(1);
  }

  @Test
  void an_upload_is_refused_with_a_text_that_says_why() {
    assertThat(cold.get(PUSH).details()).contains("read-only");
    assertThat(hub.log()).noneMatch(r -> r.path().contains("/create"));
  }

  @Test
  void the_page_shows_what_the_clients_did() throws IOException {
    Map<TableRow, String> refusals = new HashMap<>();
    ROWS.forEach(
        row -> refusals.put(row, warm.get(new TableLoad(row, TableRepos.PRIVATE, BOB)).refusal()));
    String page = ClientsPage.of(refusals);
    if (Boolean.getBoolean("intrahub.write")) {
      Files.writeString(PAGE, page);
      return;
    }
    assertThat(Files.readString(PAGE))
        .as("to write %s anew, run: %s", PAGE, ClientsPage.COMMAND)
        .isEqualTo(page);
  }
}
