package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.InstantWaits;
import io.intrahub.devhub.Visibility;
import io.intrahub.testing.FullQueue;
import io.intrahub.testing.StoredRepoCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * Loads go on while the Hub, its file servers or the clock fail, and afterwards. What clients get
 * is counted, and {@code docs/operations.md} shows it. With {@code -Dintrahub.write=true} the page
 * is written instead of compared.
 */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ScenariosTest {
  private static final String COMMAND =
      "./check -DskipITs -Dtest=ScenariosTest -Dintrahub.write=true";
  private static final Path PAGE = Path.of("docs/operations.md");
  private static final String BEGIN = "<!-- Written by ScenariosTest. -->\n\n";
  private static final String END = "\n<!-- End of what ScenariosTest writes. -->\n";
  private static final int SCENARIOS = 12;

  private static final Optional<String> NOBODY = Optional.empty();
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final Optional<String> BOB = Optional.of("hf_bob");

  private static final Duration MINUTE = Duration.ofMinutes(1);

  /** How long what the Hub said of a revision is current, by default. */
  private static final Duration REVISION_TTL = MINUTE;

  /** Loads ask for {@code main} and for the default branch, each of which is learned by itself. */
  private static final int REVISIONS = 2;

  /**
   * What the attempts of the questions about one stored repo come to in a round in which none is
   * answered: 5 attempts each, for 12 of the 17 requests or more that its loads send.
   */
  private static final int ATTEMPTS = 60;

  /** The rows, in the order of the tests. */
  private final List<String> rows = new ArrayList<>();

  private Rig rig;
  private ClientLoads loads;
  private DevRepo open;
  private DevRepo closed;
  private WhatClientsSee sight;
  private List<StoredRepoCalls> stored;

  /** Whether the answers of the scenario are the Hub's own, and not a portal's. */
  private boolean isHubsOwn;

  /** What clients get when a scenario has ended, the same after each. */
  private final WhatClientsSee afterwards =
      new WhatClientsSee("Afterwards, when all is well again");

  private Duration since;
  private int cold;
  private int warmLoads;
  private int warmServed;
  private int strangersServed;
  private int privateServed;
  private int privateLoads;
  private int newServed;
  private int newLoads;

  private void start(Path data, String scenario) {
    start(data, scenario, UnaryOperator.identity(), DevHub.builder());
  }

  private void start(
      Path data, String scenario, UnaryOperator<AppSettings> change, DevHub.Builder builder) {
    rig = new Rig(data, change, builder);
    loads = new ClientLoads(rig);
    sight = new WhatClientsSee(scenario);
    since = Duration.ZERO;
    cold = 0;
    rig.hub.token(ALICE.get(), "alice");
    rig.hub.token(BOB.get(), "bob");
    open = loads.model("acme/open", 1);
    closed = loads.model("acme/closed", 2);
    closed.visibility(Visibility.PRIVATE).allow(ALICE.get());
    stored =
        List.of(
            new StoredRepoCalls(rig.hub, open, NOBODY),
            new StoredRepoCalls(rig.hub, closed, ALICE));
    isHubsOwn = true;
    assertThat(loads.snapshot(open, NOBODY).isWhole()).isTrue();
    assertThat(loads.files(open, NOBODY).isWhole()).isTrue();
    assertThat(loads.transformers(open, NOBODY).isWhole()).isTrue();
    assertThat(loads.snapshot(closed, ALICE).isWhole()).isTrue();
    assertThat(loads.files(closed, ALICE).isWhole()).isTrue();
    assertThat(loads.transformers(closed, ALICE).isWhole()).isTrue();
    rig.settle();
    warmLoads = 0;
    warmServed = 0;
    strangersServed = 0;
    privateLoads = 0;
    privateServed = 0;
    newLoads = 0;
    newServed = 0;
  }

  @AfterEach
  void stop() {
    if (rig != null) {
      rig.hub.faults().clear();
      rig.close();
    }
  }

  /** Lets time pass, and then each kind of client loads once. */
  private void round(Duration time) {
    rig.clock.pass(time);
    since = since.plus(time);
    round();
  }

  private void round() {
    long mark = StoredRepoCalls.mark(rig.hub);
    Instant begin = rig.clock.instant();
    loadNew();
    for (ClientLoads.Load load :
        List.of(
            loads.snapshot(open, NOBODY),
            loads.files(open, NOBODY),
            loads.transformers(open, NOBODY))) {
      warmLoads++;
      warmServed += load.isWhole() ? 1 : 0;
      sight.add(WhatClientsSee.Who.STORED, since, load);
    }
    for (ClientLoads.Load load :
        List.of(loads.snapshot(closed, ALICE), loads.transformers(closed, ALICE))) {
      privateLoads++;
      privateServed += load.isWhole() ? 1 : 0;
      sight.add(WhatClientsSee.Who.PRIVATE, since, load);
    }
    // All at once: during an outage each waits for a time-out.
    strangersServed +=
        Stream.of(NOBODY, BOB)
            .<Supplier<ClientLoads.Load>>mapMulti((stranger, all) -> {
              all.accept(() -> loads.files(closed, stranger));
              all.accept(() -> loads.snapshot(closed, stranger));
              all.accept(() -> loads.transformers(closed, stranger));
            })
            .map(load -> CompletableFuture.supplyAsync(load, Thread::startVirtualThread))
            .toList()
            .stream()
            .mapToInt(load -> load.join().contents())
            .sum();
    rig.settle();
    expectFewCalls(mark, Duration.between(begin, rig.clock.instant()));
  }

  /**
   * Loads of what is stored ask about revisions only, and until what was learned of one expires,
   * the Hub answers one question about it. The loads come one after the other, so none asks because
   * another one has not learned yet.
   *
   * @param mark where the round began
   * @param passed in the round, by the clock
   */
  private void expectFewCalls(long mark, Duration passed) {
    long refreshes = REVISIONS * (1 + passed.dividedBy(REVISION_TTL));
    for (StoredRepoCalls calls : stored) {
      assertThat(calls.beyondRevisions(mark)).as("calls about what is stored").isEmpty();
      assertThat(calls.since(mark))
          .as("calls about %s", calls.id())
          .hasSizeLessThanOrEqualTo((int) refreshes + ATTEMPTS);
      if (isHubsOwn) {
        assertThat(calls.answeredRevisions(mark))
            .as("questions about the revisions of %s", calls.id())
            .hasSizeLessThanOrEqualTo((int) refreshes);
      }
    }
  }

  private ClientLoads.Load loadNew() {
    cold++;
    DevRepo fresh = loads.model("acme/new-" + cold, 10 + cold);
    // One kind and the other in turn: what nobody has loaded can be loaded first only once.
    ClientLoads.Load load =
        cold % 2 == 1 ? loads.snapshot(fresh, NOBODY) : loads.transformers(fresh, NOBODY);
    newLoads++;
    newServed += load.isWhole() ? 1 : 0;
    sight.add(WhatClientsSee.Who.NEW, since, load);
    return load;
  }

  private long calls() {
    String metrics =
        rig.send(rig.app().adminUri(), new Rig.Call("GET", "/metrics", "", ""), NOBODY).text();
    return metrics
        .lines()
        .filter(line -> line.startsWith("intrahub_upstream_requests_total "))
        .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /** What holds in every scenario. */
  private void expectWarmServedAndNobodyElse() {
    assertThat(warmServed).as("of %d loads of a stored repo", warmLoads).isEqualTo(warmLoads);
    assertThat(strangersServed).as("files served to those who may not").isZero();
  }

  /** All is well again: everybody has what they may have, and nobody else. */
  private void end() {
    expectWarmServedAndNobodyElse();
    rows.add(sight.row());
    rig.hub.faults().clear();
    rig.hub.comeBack();
    isHubsOwn = true;
    rig.clock.pass(MINUTE.multipliedBy(2));
    int before = newServed;
    sight = afterwards;
    round();
    expectWarmServedAndNobodyElse();
    assertThat(newServed).isEqualTo(before + 1);
    assertThat(loads.files(closed, ALICE).isWhole()).isTrue();
    assertThat(loads.files(closed, BOB).error().orElseThrow().status()).isEqualTo(404);
    assertThat(loads.files(closed, NOBODY).error().orElseThrow().status()).isEqualTo(401);
  }

  @Order(1)
  @Test
  void the_hub_is_gone_for_a_day(@TempDir Path data) {
    start(data, "The Hub refuses connections for a day");
    rig.hub.goDark();
    long calls = calls();
    round();
    round(Duration.ofMinutes(11));
    round(Duration.ofMinutes(48));
    assertThat(privateServed).isEqualTo(privateLoads);
    int served = privateServed;
    round(Duration.ofMinutes(2));
    for (int hour = 2; hour <= 24; hour++) {
      round(Duration.ofHours(hour).minus(since));
    }
    assertThat(privateServed).as("after the grace").isEqualTo(served);
    assertThat(newServed).isZero();
    assertThat(calls() - calls).isLessThan(150);
    end();
  }

  @Order(2)
  @Test
  void the_hub_answers_after_two_seconds(@TempDir Path data) {
    start(
        data,
        "The Hub takes 2 s for each answer",
        UnaryOperator.identity(),
        InstantWaits.builder(time -> rig.clock.pass(time)));
    rig.hub.faults().everywhere().delay(Duration.ofSeconds(2));
    for (int i = 0; i < 10; i++) {
      round(MINUTE.multipliedBy(3));
    }
    assertThat(privateServed).isEqualTo(privateLoads);
    assertThat(newServed).isEqualTo(newLoads);
    end();
  }

  @Order(3)
  @Test
  void the_hub_comes_and_goes_every_ten_seconds(@TempDir Path data) {
    start(data, "The Hub is gone for 10 s, there for 10 s, and so on");
    long calls = calls();
    for (int i = 0; i < 35; i++) {
      rig.hub.goDark();
      round(Duration.ofSeconds(10));
      rig.hub.comeBack();
      int before = newServed;
      round(Duration.ofSeconds(10));
      assertThat(newServed).as("new repos while it is there").isEqualTo(before + 1);
    }
    assertThat(privateServed).isEqualTo(privateLoads);
    assertThat(newServed).isEqualTo(newLoads / 2);
    assertThat(calls() - calls).isLessThan(1000);
    end();
  }

  @Order(4)
  @Test
  void the_hub_fails_three_calls_of_ten(@TempDir Path data) {
    start(data, "The Hub answers 3 of 10 calls with 503");
    rig.hub.faults().everywhere().random(0.3, 7, Integer.MAX_VALUE).status(503);
    long calls = calls();
    for (int i = 0; i < 20; i++) {
      round(MINUTE);
    }
    assertThat(privateServed).isEqualTo(privateLoads);
    // A call is made five times, so one of four hundred fails, and with it the load that needs it.
    // Which one depends on the order in which calls reach the Hub.
    assertThat(5 * (newLoads - newServed))
        .as("failed loads, times 5")
        .isLessThanOrEqualTo(newLoads);
    sight.summarize(WhatClientsSee.Who.NEW, "loads; at most 1 of 5 loads fails");
    assertThat(calls() - calls).isLessThan(1000);
    end();
  }

  @Order(5)
  @Test
  void the_hub_fails_every_call(@TempDir Path data) {
    start(data, "The Hub answers every call with 503");
    rig.hub.faults().everywhere().status(503);
    long calls = calls();
    round();
    round(Duration.ofMinutes(11));
    round(Duration.ofMinutes(48));
    assertThat(privateServed).isEqualTo(privateLoads);
    round(Duration.ofMinutes(2));
    round(Duration.ofHours(2));
    assertThat(newServed).isZero();
    assertThat(calls() - calls).isLessThan(300);
    end();
  }

  @Order(6)
  @Test
  void a_portal_answers_instead_of_the_hub(@TempDir Path data) {
    start(
        data,
        "A portal answers every call with its login page",
        s -> s.withMirror(s.mirror().withTimeouts(Duration.ofSeconds(3), Duration.ofSeconds(2))),
        DevHub.builder());
    rig.hub.faults().everywhere().loginPage();
    isHubsOwn = false;
    long calls = calls();
    round();
    round(Duration.ofMinutes(11));
    assertThat(privateServed).isEqualTo(privateLoads);
    round(Duration.ofMinutes(50));
    assertThat(newServed).isZero();
    assertThat(calls() - calls).isLessThan(450);
    end();
  }

  @Order(7)
  @Test
  void the_file_servers_are_gone_and_the_hub_is_not(@TempDir Path data) {
    start(data, "The Hub's file servers refuse connections, the Hub answers");
    rig.hub.cdnGoDark();
    long calls = calls();
    for (int i = 0; i < 10; i++) {
      round(MINUTE.multipliedBy(7));
    }
    assertThat(privateServed).isEqualTo(privateLoads);
    assertThat(newServed).isZero();
    assertThat(calls() - calls).isLessThan(500);
    end();
  }

  @Order(8)
  @Test
  void the_hub_is_gone_and_its_file_servers_are_not(@TempDir Path data) {
    start(data, "The Hub refuses connections, its file servers answer");
    rig.hub.hubGoDark();
    round();
    round(Duration.ofMinutes(11));
    round(Duration.ofMinutes(48));
    assertThat(privateServed).isEqualTo(privateLoads);
    round(Duration.ofMinutes(2));
    assertThat(newServed).isZero();
    end();
  }

  @Order(9)
  @Test
  void the_clock_jumps_by_a_day(@TempDir Path data) {
    start(data, "The mirror's clock jumps by a day, forward or back");
    for (int i = 0; i < 2; i++) {
      round(Duration.ofDays(1));
      rig.clock.setBack(Duration.ofDays(1));
      round();
    }
    rig.clock.setBack(Duration.ofDays(1));
    round();
    assertThat(privateServed).isEqualTo(privateLoads);
    assertThat(newServed).isEqualTo(newLoads);
    end();
  }

  /** Grants age by a clock that does not go back, and live no longer for that. */
  @Order(10)
  @Test
  void the_clock_jumps_while_the_hub_is_gone(@TempDir Path data) {
    start(data, "The clock goes back by a day while the Hub refuses connections");
    rig.hub.goDark();
    rig.clock.setBack(Duration.ofDays(1));
    round();
    round(Duration.ofMinutes(11));
    round(Duration.ofMinutes(48));
    assertThat(privateServed).isEqualTo(privateLoads);
    int served = privateServed;
    round(Duration.ofMinutes(2));
    assertThat(privateServed).as("after the grace").isEqualTo(served);
    assertThat(newServed).isZero();
    end();
  }

  @Order(11)
  @Test
  void the_hub_takes_connections_and_answers_nothing(@TempDir Path data) {
    start(
        data,
        "The Hub takes connections and answers nothing",
        s ->
            s.withMirror(s.mirror().withTimeouts(Duration.ofSeconds(3), Duration.ofSeconds(1)))
                .withUpstream(s.upstream().withSilenceTimeout(Duration.ofSeconds(1))),
        DevHub.builder());
    rig.hub.blackHole(true);
    round();
    round(Duration.ofMinutes(11));
    assertThat(privateServed).isEqualTo(privateLoads);
    round(Duration.ofMinutes(50));
    assertThat(newServed).isZero();
    rig.hub.blackHole(false);
    end();
  }

  @Order(12)
  @Test
  void the_file_servers_drop_packets_and_the_hub_answers(@TempDir Path data) throws IOException {
    start(data, "The Hub's file servers drop packets, the Hub answers");
    // An address and no name, which may stand for another address too.
    rig.hub.cdnHost("127.0.0.1");
    rig.hub.cdnGoDark();
    try (FullQueue _ = new FullQueue(rig.hub.cdnPort())) {
      for (int i = 0; i < 2; i++) {
        round(MINUTE.multipliedBy(7));
      }
    }
    assertThat(privateServed).isEqualTo(privateLoads);
    assertThat(newServed).isZero();
    end();
  }

  @Order(SCENARIOS + 1)
  @Test
  void the_page_says_what_clients_got() throws IOException {
    Assumptions.assumeTrue(rows.size() == SCENARIOS, "not all scenarios were run");
    String table = WhatClientsSee.header() + String.join("", rows) + afterwards.row();
    String page = Files.readString(PAGE);
    int begin = page.indexOf(BEGIN) + BEGIN.length();
    int end = page.indexOf(END);
    assertThat(begin).as("%s in %s", BEGIN, PAGE).isBetween(BEGIN.length(), end);
    if (Boolean.getBoolean("intrahub.write")) {
      Files.writeString(PAGE, page.substring(0, begin) + table + page.substring(end));
      return;
    }
    assertThat(page.substring(begin, end))
        .as("%s is not what clients got; to write it anew, run: %s", PAGE, COMMAND)
        .isEqualTo(table);
  }
}
