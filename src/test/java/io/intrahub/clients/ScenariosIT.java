package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.InstantWaits;
import io.intrahub.devhub.ScriptedFault;
import io.intrahub.devhub.Visibility;
import io.intrahub.testing.MirrorUnderTest;
import io.intrahub.testing.StoredRepoCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real clients load while the Hub, its file servers or the clock fail. What is stored loads in
 * every scenario, and nobody else's private repo does; what the others read is written to {@code
 * docs/operations.md}. With {@code -Dintrahub.write=true} the page is written instead of compared.
 * {@code ScenariosTest} runs the same scenarios for longer, with requests of its own.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ScenariosIT {
  private static final String COMMAND =
      "./check -Dtest=NONE -Dsurefire.failIfNoSpecifiedTests=false -Dit.test=ScenariosIT"
          + " -Dintrahub.write=true";
  private static final Path PAGE = Path.of("docs/operations.md");
  private static final String BEGIN = "<!-- Written by ScenariosIT. -->\n\n";
  private static final String END = "\n<!-- End of what ScenariosIT writes. -->\n";
  private static final int ROWS = 11;

  private static final List<String> VERSIONS =
      List.of(
          "hf-0.23.5", "hf-0.36.2", "hf-1.33.0", "hf-2.4.0", "transformers-4.57", "transformers-5");

  /** It depends on how long clients wait before they ask again. */
  private static final String TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]+Z";

  /** How long what the Hub said of a revision is current, by default. */
  private static final Duration REVISION_TTL = Duration.ofMinutes(1);

  /** So many calls are answered, and as many fail, while the Hub comes and goes within loads. */
  private static final int CALLS = 5;

  private static final String ALICE = "hf_alice";
  private static final String BOB = "hf_bob";

  private final List<LoadingClient> clients = new ArrayList<>();
  private final List<String> rows = new ArrayList<>();

  /**
   * What each client said of a repo that is not stored, in the order in which it was said first.
   */
  private final Map<String, Set<String>> said = new TreeMap<>();

  /** How many loads of such a repo there were, and how many of them failed. */
  private int newLoads;

  private int newFailures;

  /** The same as {@link #said}, when all is well again. */
  private final Map<String, Set<String>> saidAfterwards = new TreeMap<>();

  private MirrorUnderTest mirror;
  private DevRepo open;
  private DevRepo closed;
  private List<StoredRepoCalls> stored;
  private int fresh;

  /** The answers to one client, which take no real time, would make another one wait too long. */
  private boolean oneByOne;

  @BeforeAll
  void start(@TempDir Path tmp) {
    mirror =
        new MirrorUnderTest(
            tmp.resolve("data"),
            s ->
                s.withMirror(s.mirror().withTimeouts(Duration.ofSeconds(3), Duration.ofSeconds(1)))
                    .withUpstream(s.upstream().withSilenceTimeout(Duration.ofSeconds(2))),
            InstantWaits.builder(time -> mirror.pass(time)));
    mirror.hub().token(ALICE, "alice");
    mirror.hub().token(BOB, "bob");
    open = repo("acme/open", 1);
    closed = repo("acme/closed", 2);
    closed.visibility(Visibility.PRIVATE).allow(ALICE);
    for (String version : VERSIONS) {
      clients.add(new LoadingClient(version, tmp, mirror.uri(), mirror::pass));
    }
    stored =
        List.of(
            new StoredRepoCalls(mirror.hub(), open, Optional.empty()),
            new StoredRepoCalls(mirror.hub(), closed, Optional.of(ALICE)));
    all(this::loadStored);
    mirror.awaitIdle();
  }

  @AfterAll
  void stop() {
    clients.forEach(LoadingClient::close);
    if (mirror != null) {
      mirror.close();
    }
  }

  @BeforeEach
  void countAnew() {
    mirror.hub().counters().reset();
    newLoads = 0;
    newFailures = 0;
  }

  /** All is well again: everybody loads what they may, new repos too. */
  @AfterEach
  void afterwards() {
    oneByOne = false;
    mirror.hub().faults().clear();
    mirror.hub().blackHole(false);
    mirror.hub().comeBack();
    mirror.pass(Duration.ofMinutes(2));
    said.clear();
    round(Grant.HOLDS, New.LOADS);
    said.forEach((version, texts) ->
        saidAfterwards.computeIfAbsent(version, _ -> new LinkedHashSet<>()).addAll(texts));
    said.clear();
  }

  private DevRepo repo(String id, int seed) {
    DevRepo repo = mirror.hub().repo("model", id);
    repo.commit(
        "Add a model",
        Map.of(
            "README.md",
            DevFile.text("# " + id + "\n"),
            "config.json",
            DevFile.text("{\"model_type\": \"bert\", \"hidden_size\": " + 16 * seed + "}\n"),
            "model.safetensors",
            DevFile.lfsGenerated(seed, 50_000)));
    return repo;
  }

  /** What is done with one client, beside the others. */
  private interface Work {
    void with(LoadingClient client);
  }

  private void all(Work work) {
    if (oneByOne) {
      clients.forEach(work::with);
      return;
    }
    List<CompletableFuture<Void>> running =
        clients.stream()
            .map(c -> CompletableFuture.runAsync(() -> work.with(c), Thread::startVirtualThread))
            .toList();
    running.forEach(CompletableFuture::join);
  }

  private static void assertWhole(LoadingClient client, DevRepo repo, LoadingClient.Load load) {
    Map<String, String> files = new LinkedHashMap<>();
    repo.files("main").forEach((path, file) -> files.put(path, file.sha256()));
    if (client.version().startsWith("transformers")) {
      files.remove("README.md");
    }
    assertThat(load.files())
        .as("%s loads %s: %s", client.version(), repo.id(), load.all())
        .containsAllEntriesOf(files);
  }

  /** Whether the grant of the private repo still serves its user. */
  private enum Grant {
    HOLDS,
    HAS_ENDED
  }

  /** Whether repos load that nobody has loaded. */
  private enum New {
    LOADS,
    FAILS,
    MAY_FAIL
  }

  private void round(Duration time, Grant grant, New fresh) {
    mirror.pass(time);
    round(grant, fresh);
  }

  private void round(Grant grant, New expected) {
    fresh++;
    all(client -> {
      assertWhole(client, open, client.load(open.id(), null));
      LoadingClient.Load own = client.load(closed.id(), ALICE);
      if (grant == Grant.HOLDS) {
        assertWhole(client, closed, own);
      } else {
        assertThat(own.files()).as(client.version()).isEmpty();
      }
      for (@Nullable String stranger : new @Nullable String[] {BOB, null}) {
        assertThat(client.load(closed.id(), stranger).files())
            .as("%s as %s", client.version(), stranger)
            .isEmpty();
      }
      loadNew(client, expected);
    });
    mirror.awaitIdle();
  }

  private void loadNew(LoadingClient client, New expected) {
    String name = "acme/new-" + fresh + "-" + client.version();
    DevRepo repo;
    synchronized (this) {
      repo = repo(name, 10 + fresh);
    }
    LoadingClient.Load load = client.load(name, null);
    if (expected == New.LOADS) {
      assertWhole(client, repo, load);
    } else if (expected == New.FAILS) {
      assertThat(load.files()).as(client.version()).isEmpty();
      // The headers of the answer too: version 0 shows no message of a 504 that it met to the end.
      // The Hub and its file servers have answered before each scenario.
      assertThat(load.error().orElseThrow().toString())
          .as("what %s was told", client.version())
          .contains(name, "has no copy of it")
          .containsPattern("last (answered|gave a usable answer) at " + TIME);
    } else if (load.error().isPresent()) {
      assertThat(load.all()).as("what %s says", client.version()).contains(name);
    }
    synchronized (this) {
      newLoads++;
      if (load.error().isPresent()) {
        newFailures++;
      } else {
        assertWhole(client, repo, load);
      }
      said.computeIfAbsent(client.version(), _ -> new LinkedHashSet<>())
          .add(load.said().replace(name, "acme/new").replaceAll(TIME, "(time)"));
    }
  }

  /**
   * Whatever the Hub answers, clients that load what is stored have it asked about revisions only:
   * not about a listing, nor about a file or its facts.
   */
  private void assertStoredIsServed() {
    for (StoredRepoCalls calls : stored) {
      assertThat(calls.beyondRevisions(0))
          .as("calls for what is stored of %s", calls.id())
          .isEmpty();
    }
  }

  /**
   * The Hub answers: what it said of the revisions in one load of each client serves the next one,
   * in which less time passes than that is current for. Clients that load beside each other may
   * each ask about a revision that has expired, so it is the next load that must ask nothing.
   */
  private void assertFreshIsNotAskedFor() {
    // All of it has expired, so that all is fresh after the first load.
    mirror.pass(REVISION_TTL.multipliedBy(2));
    all(this::loadStored);
    mirror.awaitIdle();
    long mark = StoredRepoCalls.mark(mirror.hub());
    all(this::loadStored);
    mirror.awaitIdle();
    for (StoredRepoCalls calls : stored) {
      assertThat(calls.since(mark)).as("calls about %s, which is fresh", calls.id()).isEmpty();
    }
  }

  private void loadStored(LoadingClient client) {
    assertWhole(client, open, client.load(open.id(), null));
    assertWhole(client, closed, client.load(closed.id(), ALICE));
  }

  private void row(String scenario) {
    row(scenario, version -> String.join(" or ", said.get(version)));
  }

  private void row(String scenario, Function<String, String> cell) {
    assertStoredIsServed();
    StringBuilder row = new StringBuilder("| " + scenario + " |");
    for (String version : VERSIONS) {
      row.append(' ').append(cell.apply(version)).append(" |");
    }
    rows.add(row.append('\n').toString());
  }

  @Order(1)
  @Test
  void the_hub_is_gone_for_a_day() {
    mirror.hub().goDark();
    round(Grant.HOLDS, New.FAILS);
    round(Duration.ofMinutes(11), Grant.HOLDS, New.FAILS);
    round(Duration.ofMinutes(40), Grant.HOLDS, New.FAILS);
    round(Duration.ofMinutes(15), Grant.HAS_ENDED, New.FAILS);
    round(Duration.ofHours(23), Grant.HAS_ENDED, New.FAILS);
    row("The Hub refuses connections for a day");
  }

  @Order(2)
  @Test
  void the_hub_answers_after_two_seconds() {
    oneByOne = true;
    mirror.hub().faults().everywhere().delay(Duration.ofSeconds(2));
    for (int i = 0; i < 3; i++) {
      round(Duration.ofMinutes(3), Grant.HOLDS, New.LOADS);
    }
    assertFreshIsNotAskedFor();
    row("The Hub takes 2 s for each answer");
  }

  @Order(3)
  @Test
  void the_hub_comes_and_goes_every_ten_seconds() {
    for (int i = 0; i < 3; i++) {
      mirror.hub().goDark();
      round(Duration.ofSeconds(10), Grant.HOLDS, New.FAILS);
      mirror.hub().comeBack();
      round(Duration.ofSeconds(10), Grant.HOLDS, New.LOADS);
    }
    assertFreshIsNotAskedFor();
    row("The Hub is gone for 10 s, there for 10 s, and so on");
  }

  /** A new load may meet more failures in a row than its client bears. */
  @Order(4)
  @Test
  void the_hub_fails_three_calls_of_ten() {
    mirror.hub().faults().everywhere().random(0.3, 7, Integer.MAX_VALUE).status(503);
    for (int i = 0; i < 4; i++) {
      round(Duration.ofMinutes(1), Grant.HOLDS, New.MAY_FAIL);
    }
    // Which loads fail depends on the order in which calls reach the Hub.
    assertThat(5 * newFailures).as("failed loads, times 5: %s", said).isLessThanOrEqualTo(newLoads);
    row("The Hub answers 3 of 10 calls with 503", _ -> "loads; at most 1 of 5 loads fails");
  }

  @Order(5)
  @Test
  void the_hub_fails_every_call() {
    mirror.hub().faults().everywhere().status(503);
    round(Grant.HOLDS, New.FAILS);
    round(Duration.ofMinutes(11), Grant.HOLDS, New.FAILS);
    row("The Hub answers every call with 503");
  }

  @Order(6)
  @Test
  void a_portal_answers_instead_of_the_hub() {
    mirror.hub().faults().everywhere().loginPage();
    round(Grant.HOLDS, New.FAILS);
    round(Duration.ofMinutes(11), Grant.HOLDS, New.FAILS);
    row("A portal answers every call with its login page");
  }

  @Order(7)
  @Test
  void the_file_servers_are_gone_and_the_hub_is_not() {
    mirror.hub().cdnGoDark();
    round(Grant.HOLDS, New.FAILS);
    round(Duration.ofMinutes(11), Grant.HOLDS, New.FAILS);
    assertFreshIsNotAskedFor();
    row("The Hub's file servers refuse connections, the Hub answers");
  }

  @Order(8)
  @Test
  void the_hub_is_gone_and_its_file_servers_are_not() {
    mirror.hub().hubGoDark();
    round(Grant.HOLDS, New.FAILS);
    round(Duration.ofMinutes(11), Grant.HOLDS, New.FAILS);
    row("The Hub refuses connections, its file servers answer");
  }

  @Order(9)
  @Test
  void the_clock_jumps_by_a_day() {
    round(Duration.ofDays(1), Grant.HOLDS, New.LOADS);
    mirror.clock().setBack(Duration.ofDays(1));
    round(Grant.HOLDS, New.LOADS);
    assertFreshIsNotAskedFor();
    row("The mirror's clock jumps by a day, forward or back");
  }

  @Order(10)
  @Test
  void the_clock_goes_back_while_the_hub_is_gone() {
    mirror.hub().goDark();
    mirror.clock().setBack(Duration.ofDays(1));
    round(Grant.HOLDS, New.FAILS);
    row("The clock goes back by a day while the Hub refuses connections");
  }

  @Order(11)
  @Test
  void the_hub_takes_connections_and_answers_nothing() {
    mirror.hub().blackHole(true);
    round(Grant.HOLDS, New.FAILS);
    round(Duration.ofMinutes(11), Grant.HOLDS, New.FAILS);
    row("The Hub takes connections and answers nothing");
  }

  /** The state changes in the middle of loads, and not only between them. */
  @Order(12)
  @Test
  void the_hub_goes_away_and_comes_back_within_loads() {
    AtomicInteger calls = new AtomicInteger();
    ScriptedFault gone =
        mirror
            .hub()
            .faults()
            .everywhere()
            .when(_ -> calls.getAndIncrement() / CALLS % 2 == 1)
            .disconnect();
    for (int i = 0; i < 3; i++) {
      round(Duration.ofMinutes(3), Grant.HOLDS, New.MAY_FAIL);
    }
    assertThat(gone.hits()).as("calls that failed").isPositive();
    assertThat(calls.get()).as("calls that were answered").isGreaterThan(gone.hits());
    assertStoredIsServed();
  }

  @Order(13)
  @Test
  void the_page_says_what_clients_said() throws IOException {
    Assumptions.assumeTrue(rows.size() == ROWS, "not all scenarios were run");
    row(
        "Afterwards, when all is well again",
        version -> String.join(" or ", saidAfterwards.get(version)));
    String table =
        "| scenario | "
            + String.join(" | ", VERSIONS)
            + " |\n| --- |"
            + " --- |".repeat(VERSIONS.size())
            + "\n"
            + String.join("", rows);
    String page = Files.readString(PAGE);
    int begin = page.indexOf(BEGIN) + BEGIN.length();
    int end = page.indexOf(END);
    assertThat(begin).as("%s in %s", BEGIN, PAGE).isBetween(BEGIN.length(), end);
    if (Boolean.getBoolean("intrahub.write")) {
      Files.writeString(PAGE, page.substring(0, begin) + table + page.substring(end));
      return;
    }
    assertThat(page.substring(begin, end))
        .as("%s is not what clients said; to write it anew, run: %s", PAGE, COMMAND)
        .isEqualTo(table);
  }
}
