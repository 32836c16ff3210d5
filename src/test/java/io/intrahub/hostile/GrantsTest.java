package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.AccessChecker;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What private and gated repos cost upstream, and who gets them, shown on the Hub's counters. */
class GrantsTest {
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final Optional<String> BOB = Optional.of("hf_bob");
  private static final Optional<String> CAROL = Optional.of("hf_carol");
  private static final int SIZE = 6_000_000;
  private static final DevFile BIG = DevFile.lfsGenerated(7, SIZE);
  private static final List<String> FILES = List.of("config.json", "tokenizer.json", "model.bin");

  /** Repos that not everybody may read. */
  enum Closed {
    PRIVATE,
    GATED
  }

  @TempDir Path data;
  private Rig rig;
  private DevRepo repo;
  private final ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor();

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    rig.hub.token(ALICE.get(), "alice");
    rig.hub.token(BOB.get(), "bob");
  }

  @AfterEach
  void stop() {
    rig.close();
    clients.close();
  }

  private void make(Closed closed) {
    repo =
        rig.hub
            .repo("model", "acme/closed")
            .visibility(Visibility.valueOf(closed.name()))
            .allow(ALICE.get());
    repo.commit(
        "Add it",
        Map.of(
            ".gitattributes", DevFile.text("*.bin filter=lfs"),
            "config.json", DevFile.text("{}"),
            "tokenizer.json", DevFile.text("{\"a\":1}"),
            "model.bin", BIG));
  }

  /**
   * As snapshot_download does: repo info, then each file by its commit. Returns the last status.
   */
  private List<Integer> load(Optional<String> token) {
    List<Integer> statuses = new ArrayList<>();
    Rig.Answer info = rig.get("/api/models/acme/closed/revision/main", token);
    statuses.add(info.status());
    for (String file : FILES) {
      String target = "/acme/closed/resolve/" + repo.commitOf("main").orElseThrow() + "/" + file;
      Rig.Answer head = rig.send(rig.app().uri(), new Rig.Call("HEAD", target, "", ""), token);
      statuses.add(head.status());
      Rig.Answer body = rig.get(target, token);
      statuses.add(body.status());
      if (file.equals("model.bin") && body.status() == 200) {
        assertThat(body.body()).isEqualTo(BIG.allBytes());
      }
    }
    return statuses;
  }

  private int calls() {
    return rig.hub.log().size();
  }

  /** Calls that began behind the client's back have come in. */
  private void settled() {
    rig.settle();
    await().until(() -> rig.hub.log().stream().allMatch(Recorded::done));
  }

  @ParameterizedTest
  @EnumSource
  void it_is_fetched_once_and_then_served_without_a_call(Closed closed) {
    make(closed);
    assertThat(load(ALICE)).allMatch(s -> s == 200);
    settled();
    int before = calls();

    assertThat(load(ALICE)).allMatch(s -> s == 200);

    settled();
    assertThat(rig.hub.log().subList(before, calls())).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void it_costs_one_call_when_the_grant_is_used_after_its_life(Closed closed) {
    make(closed);
    load(ALICE);
    settled();
    for (int round = 0; round < 3; round++) {
      rig.clock.pass(Duration.ofMinutes(6));
      int before = calls();
      assertThat(load(ALICE)).allMatch(s -> s == 200);
      settled();
      assertThat(rig.hub.log().subList(before, calls())).as("round " + round).hasSize(1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void a_load_just_after_the_life_of_the_grant_waits_for_nothing_and_costs_one_call(Closed closed) {
    make(closed);
    load(ALICE);
    settled();
    rig.clock.pass(Duration.ofMinutes(6));
    int before = calls();
    Stall silence = rig.hub.faults().everywhere().hold();

    assertThat(load(ALICE)).allMatch(s -> s == 200);

    // Who waited for the Hub in vain would be served under the old grant, and told so.
    Rig.Answer info = rig.get("/api/models/acme/closed/revision/main", ALICE);
    assertThat(info.header("X-HF-Warning")).isEmpty();
    silence.awaitReached(1);
    silence.release();
    rig.settle();
    settled();
    assertThat(rig.hub.log().subList(before, calls())).hasSize(1);
  }

  @ParameterizedTest
  @EnumSource
  void who_lost_access_is_refused_after_the_first_load_and_on_disk(Closed closed) throws Exception {
    make(closed);
    load(ALICE);
    settled();
    repo.disallow(ALICE.get());
    rig.clock.pass(Duration.ofMinutes(6));
    Stall silence = rig.hub.faults().everywhere().hold();
    assertThat(load(ALICE)).as("while the Hub has not answered").allMatch(s -> s == 200);
    silence.release();
    rig.settle();

    assertThat(load(ALICE).subList(1, 7)).allMatch(s -> s == 403 || s == 404);
    rig.hub.goDark();
    rig.restart();
    assertThat(load(ALICE).subList(1, 7)).allMatch(s -> s == 503 || s == 504);
  }

  @ParameterizedTest
  @EnumSource
  void a_hub_that_fails_leaves_the_grant_until_its_grace_ends(Closed closed) {
    make(closed);
    load(ALICE);
    settled();
    rig.hub.faults().everywhere().always().status(500);
    for (int minutes : List.of(6, 10, 43)) {
      rig.clock.pass(Duration.ofMinutes(minutes));
      assertThat(load(ALICE)).as("after " + minutes + " more minutes").allMatch(s -> s == 200);
      rig.settle();
    }
    rig.clock.pass(Duration.ofMinutes(2));
    assertThat(load(ALICE).subList(1, 7)).noneMatch(s -> s == 200);
  }

  @ParameterizedTest
  @EnumSource
  void without_a_time_for_it_a_grant_is_confirmed_before_anything_is_served(Closed closed)
      throws Exception {
    rig.close();
    startWithout();
    make(closed);
    load(ALICE);
    settled();
    repo.disallow(ALICE.get());
    rig.clock.pass(Duration.ofMinutes(6));
    assertThat(rig.get("/acme/closed/resolve/main/config.json", ALICE).status()).isIn(403, 404);
  }

  private void startWithout() {
    start(Duration.ZERO, AccessChecker.Settings.DEFAULT.grantGrace());
  }

  private void start(Duration revalidate, Duration grace) {
    AccessChecker.Settings usual = AccessChecker.Settings.DEFAULT;
    rig =
        new Rig(
            data,
            s ->
                s.withAccess(
                    new AccessChecker.Settings(
                        usual.publicTtl(),
                        usual.publicTtlDuringOutage(),
                        usual.grantTtl(),
                        revalidate,
                        grace,
                        usual.keepRemoved())));
    rig.hub.token(ALICE.get(), "alice");
    rig.hub.token(BOB.get(), "bob");
  }

  /** One call proves that the client may read it, but not that it is still the same repo. */
  @Test
  void a_gated_repo_at_a_new_commit_is_asked_for_its_repo_info_too() {
    make(Closed.GATED);
    load(ALICE);
    repo.commit("Change it", Map.of("config.json", DevFile.text("{\"b\":2}")));
    rig.clock.pass(Duration.ofMinutes(6));
    int before = calls();
    load(ALICE);
    settled();
    assertThat(rig.hub.log().subList(before, calls()))
        .extracting(Recorded::route)
        .contains(Route.RESOLVE, Route.REPO_INFO, Route.AUTH_CHECK);
  }

  @ParameterizedTest
  @EnumSource
  void others_are_refused_whatever_is_stored(Closed closed) {
    make(closed);
    load(ALICE);
    String file = "/acme/closed/resolve/main/model.bin";
    assertThat(rig.get(file, BOB).status()).isIn(403, 404);
    assertThat(rig.get(file, Optional.empty()).status()).isEqualTo(401);
    assertThat(rig.get(file, Optional.of("hf_unknown")).status()).isEqualTo(401);
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(2));
    assertThat(rig.get(file, BOB).status()).isIn(503, 504);
    assertThat(rig.get(file, Optional.empty()).status()).isIn(503, 504);
    assertThat(rig.get(file, Optional.of("hf_unknown")).status()).isIn(503, 504);
  }

  /** A loader that takes names of models for repos asks for them each time, with its token. */
  @Test
  void a_token_hears_of_an_outage_only_when_the_last_refusal_is_a_minute_old() {
    String file = "/acme/none/resolve/main/config.json";
    assertThat(rig.get(file, ALICE).status()).isEqualTo(404);
    rig.hub.goDark();
    rig.clock.pass(Duration.ofSeconds(59));
    assertThat(rig.get(file, ALICE).header("X-Error-Code")).contains("RepoNotFound");
    rig.clock.pass(Duration.ofSeconds(1));
    assertThat(rig.get(file, ALICE).status()).isIn(503, 504);
  }

  @ParameterizedTest
  @EnumSource
  void an_outage_and_a_restart_leave_the_grant_for_an_hour(Closed closed) throws Exception {
    make(closed);
    load(ALICE);
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(50));
    assertThat(load(ALICE)).allMatch(s -> s == 200);
    rig.restart();
    assertThat(load(ALICE)).allMatch(s -> s == 200);
    assertThat(load(BOB).subList(1, 7)).allMatch(s -> s == 503 || s == 504);
    rig.clock.pass(Duration.ofMinutes(11));
    assertThat(load(ALICE).subList(1, 7)).allMatch(s -> s == 503 || s == 504);
  }

  /** As an operator sets it for a mirror that is offline for weeks. */
  @ParameterizedTest
  @EnumSource
  void a_long_grace_outlives_restarts(Closed closed) throws Exception {
    rig.close();
    start(AccessChecker.Settings.DEFAULT.grantRevalidate(), Duration.ofDays(30));
    make(closed);
    load(ALICE);
    rig.hub.goDark();
    rig.clock.pass(Duration.ofDays(5));
    for (int start = 0; start < 2; start++) {
      rig.restart();
      settled();
      assertThat(load(ALICE)).allMatch(s -> s == 200);
    }
    rig.clock.pass(Duration.ofDays(26));
    assertThat(load(ALICE).subList(1, 7)).allMatch(s -> s == 503 || s == 504);
  }

  @ParameterizedTest
  @EnumSource
  void a_refusal_ends_the_grant_at_once_and_on_disk(Closed closed) throws Exception {
    make(closed);
    load(ALICE);
    repo.disallow(ALICE.get());
    rig.clock.pass(Duration.ofMinutes(15));
    assertThat(rig.get("/acme/closed/resolve/main/config.json", ALICE).status()).isIn(403, 404);
    rig.hub.goDark();
    rig.restart();
    assertThat(load(ALICE).subList(1, 7)).allMatch(s -> s == 503 || s == 504);
  }

  @Test
  void repo_info_says_what_the_repo_is_now_when_it_was_closed_and_when_it_was_opened() {
    make(Closed.PRIVATE);
    List<String> targets = List.of("/api/models/acme/closed", "/api/models/acme/closed?blobs=true");
    for (int round = 0; round < 2; round++) {
      repo.visibility(Visibility.PUBLIC);
      rig.clock.pass(Duration.ofMinutes(11));
      for (String target : targets) {
        String info = rig.get(target, Optional.empty()).text();
        assertThat(info).as(target).contains("\"private\":false");
      }
      repo.visibility(Visibility.PRIVATE);
      rig.clock.pass(Duration.ofMinutes(11));
      for (String target : targets) {
        assertThat(rig.get(target, Optional.empty()).status()).as(target).isEqualTo(401);
        assertThat(rig.get(target, ALICE).text()).as(target).contains("\"private\":true");
      }
      settled();
      int before = calls();
      targets.forEach(target -> assertThat(rig.get(target, ALICE).status()).isEqualTo(200));
      assertThat(calls()).isEqualTo(before);
    }
  }

  @Test
  void a_token_that_is_no_longer_valid_loses_all_its_grants() throws Exception {
    make(Closed.PRIVATE);
    rig.hub
        .repo("model", "acme/other")
        .visibility(Visibility.PRIVATE)
        .allow(ALICE.get())
        .commit("Add it", Map.of("a.txt", DevFile.text("a")));
    String other = "/acme/other/resolve/main/a.txt";
    load(ALICE);
    assertThat(rig.get(other, ALICE).status()).isEqualTo(200);
    rig.hub.revoke(ALICE.get());
    rig.clock.pass(Duration.ofMinutes(4));
    assertThat(rig.get("/acme/closed/resolve/nothing/config.json", ALICE).status()).isEqualTo(401);
    assertThat(rig.get(other, ALICE).status()).isEqualTo(401);
    rig.hub.goDark();
    rig.restart();
    assertThat(rig.get(other, ALICE).status()).isIn(503, 504);
  }

  @Test
  void a_token_that_is_not_valid_for_a_call_about_no_repo_loses_its_grants_too() {
    make(Closed.PRIVATE);
    load(ALICE);
    rig.hub.revoke(ALICE.get());
    String target = "/acme/closed/resolve/" + repo.commitOf("main").orElseThrow() + "/config.json";
    assertThat(rig.get(target, ALICE).status()).isEqualTo(200);
    assertThat(rig.get("/api/whoami-v2", ALICE).status()).isEqualTo(401);
    assertThat(rig.get(target, ALICE).status()).isEqualTo(401);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("slow")
  void forty_tokens_at_once_make_the_bytes_cross_the_link_once(Closed closed) throws Exception {
    make(closed);
    List<CompletableFuture<List<Integer>>> loads = new ArrayList<>();
    Stall stall = rig.hub.faults().on(Route.CDN).stallAfter(100_000);
    for (int i = 0; i < 40; i++) {
      String token = "hf_machine" + i;
      rig.hub.token(token, "machine" + i);
      repo.allow(token);
      loads.add(CompletableFuture.supplyAsync(() -> load(Optional.of(token)), clients));
    }
    stall.awaitReached(1);
    stall.release();
    for (CompletableFuture<List<Integer>> each : loads) {
      assertThat(each.get()).allMatch(s -> s == 200);
    }
    settled();
    long bytes =
        rig.hub.log().stream()
            .filter(r -> r.route() == Route.CDN)
            .mapToLong(Recorded::bytesSent)
            .sum();
    assertThat(bytes).isBetween((long) SIZE, SIZE + 200_000L);
    for (int i = 0; i < 40; i++) {
      String token = "Bearer hf_machine" + i;
      List<Recorded> mine =
          rig.hub.log().stream()
              .filter(r -> r.authorization().filter(token::equals).isPresent())
              .filter(r -> r.route() == Route.REPO_INFO || r.route() == Route.AUTH_CHECK)
              .toList();
      assertThat(mine).as(token).hasSizeBetween(1, 2);
    }
    // For the content itself: one listing, and two calls for the address of each file.
    assertThat(rig.hub.log()).filteredOn(r -> r.route() == Route.TREE).hasSizeLessThanOrEqualTo(1);
    assertThat(rig.hub.log())
        .filteredOn(r -> r.route() == Route.RESOLVE || r.route() == Route.RESOLVE_CACHE)
        .hasSizeLessThanOrEqualTo(2 * FILES.size());
  }

  /** The one in whose name it is fetched loses the right in the middle; nobody else notices. */
  @Test
  void the_next_reader_goes_on_at_the_same_byte_when_the_sponsor_is_refused() throws Exception {
    make(Closed.PRIVATE);
    repo.allow(BOB.get());
    String target = "/acme/closed/resolve/" + repo.commitOf("main").orElseThrow() + "/model.bin";
    Stall stall = rig.hub.faults().on(Route.CDN).times(1).stallAfter(1_000_000);
    CompletableFuture<Optional<Rig.Answer>> first =
        CompletableFuture.supplyAsync(() -> tryGet(target, ALICE), clients);
    stall.awaitReached(1);
    CompletableFuture<Optional<Rig.Answer>> second =
        CompletableFuture.supplyAsync(() -> tryGet(target, BOB), clients);
    await().until(() -> rig.app().status().loads().stream().anyMatch(load -> load.readers() == 2));
    repo.disallow(ALICE.get());
    rig.hub.faults().on(Route.CDN).times(1).status(403);
    rig.hub.restart();
    assertThat(second.get().orElseThrow().body()).isEqualTo(BIG.allBytes());
    first.get();
    long bytes =
        rig.hub.log().stream()
            .filter(r -> r.route() == Route.CDN)
            .mapToLong(Recorded::bytesSent)
            .sum();
    assertThat(bytes).isLessThan(SIZE + 1_500_000L);
    assertThat(rig.get(target, ALICE).status()).isIn(401, 403, 404);
    assertThat(Arrays.asList(rig.get(target, BOB).status())).containsExactly(200);
  }

  /** Of three tokens the first is limited and the second is refused in the middle of the load. */
  @Test
  void the_third_reader_goes_on_when_the_first_is_limited_and_the_second_refused()
      throws Exception {
    make(Closed.PRIVATE);
    repo.allow(BOB.get());
    rig.hub.token(CAROL.get(), "carol");
    repo.allow(CAROL.get());
    String target = "/acme/closed/resolve/" + repo.commitOf("main").orElseThrow() + "/model.bin";
    Stall stall = rig.hub.faults().on(Route.CDN).times(1).stallAfter(1_000_000);
    List<CompletableFuture<Optional<Rig.Answer>>> loads = new ArrayList<>();
    for (Optional<String> token : List.of(ALICE, BOB, CAROL)) {
      loads.add(CompletableFuture.supplyAsync(() -> tryGet(target, token), clients));
      stall.awaitReached(1);
      await().until(() -> readers() == loads.size());
    }
    repo.disallow(BOB.get());
    int before = calls();
    // Everything that the Hub is asked with Alice's token from now on.
    rig.hub
        .faults()
        .everywhere()
        .when(GrantsTest::isAlices)
        .status(429, Map.of("Retry-After", "7"), "{\"error\":\"too many requests\"}");
    // The address that she was given is of no use any more either, so she has to ask.
    rig.hub.faults().on(Route.CDN).when(r -> alicesCallsSince(before).isEmpty()).status(403);
    rig.hub.restart();

    assertThat(loads.get(2).get().orElseThrow().body()).isEqualTo(BIG.allBytes());
    assertThat(loads.get(0).get().orElseThrow().body()).isEqualTo(BIG.allBytes());
    assertThat(loads.get(1).get()).isEmpty();
    assertThat(alicesCallsSince(before)).as("calls with the limited token").hasSize(1);
    long bytes =
        rig.hub.log().stream()
            .filter(r -> r.route() == Route.CDN)
            .mapToLong(Recorded::bytesSent)
            .sum();
    assertThat(bytes).isLessThan(SIZE + 1_500_000L);
  }

  private static boolean isAlices(Recorded call) {
    return call.authorization().filter(("Bearer " + ALICE.get())::equals).isPresent();
  }

  private List<Recorded> alicesCallsSince(int calls) {
    return rig.hub.log().stream().skip(calls).filter(GrantsTest::isAlices).toList();
  }

  private int readers() {
    return rig.app().status().loads().stream().mapToInt(load -> load.readers()).sum();
  }

  private Optional<Rig.Answer> tryGet(String target, Optional<String> token) {
    try {
      return Optional.of(rig.get(target, token));
    } catch (AssertionError e) {
      return Optional.empty();
    }
  }
}
