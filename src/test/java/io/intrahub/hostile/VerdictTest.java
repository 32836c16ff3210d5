package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A verdict that a repo is public, after its time: whatever a client does, and however slow the Hub
 * is, it counts only when the Hub gave no word on that very repo.
 */
class VerdictTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final String A = "/acme/open/resolve/main/a.txt";

  @TempDir Path data;
  private Rig rig;
  private DevRepo repo;
  private String commit;
  private Duration head = LONG;

  private void start() throws Exception {
    rig = new Rig(data, settings -> patient(settings, head));
    repo = rig.hub.repo("model", "acme/open");
    commit = repo.commit("Add it", "a.txt", DevFile.text("a"));
    rig.hub.repo("model", "acme/cold").commit("Add it", "c.txt", DevFile.text("c"));
    for (int i = 0; i < 3; i++) {
      rig.hub.repo("model", "acme/broken" + i).commit("Add it", "b.txt", DevFile.text("b"));
    }
  }

  /** With a wait for the Hub's word that is far from that for a fresher commit. */
  private static AppSettings patient(AppSettings settings, Duration head) {
    return settings.withMirror(settings.mirror().withTimeouts(head, Duration.ofMillis(50)));
  }

  @AfterEach
  void stop() {
    rig.hub.faults().clear();
    rig.close();
  }

  private Rig.Answer get(String target) {
    return rig.get(target, Optional.empty());
  }

  private void settle() {
    await()
        .pollInterval(Duration.ofMillis(5))
        .atMost(LONG)
        .until(() -> rig.app().runningTasks() == 0);
  }

  private void loadAndLapse() {
    loadAndLapse(LONG);
  }

  /**
   * Everything is known of the repo, and then its verdict runs out. A client waits this long for
   * the Hub only after that: what is loaded at first may take its time on any machine.
   */
  private void loadAndLapse(Duration wait) {
    for (String target : List.of(A, byCommit(), "/api/models/acme/open")) {
      assertThat(get(target).status()).isEqualTo(200);
    }
    settle();
    if (!wait.equals(head)) {
      head = wait;
      rig.restart();
    }
    rig.clock.pass(Duration.ofMinutes(11));
    rig.hub.counters().reset();
  }

  private String byCommit() {
    return "/acme/open/resolve/" + commit + "/a.txt";
  }

  private void expectRefused() {
    for (String target : List.of(A, byCommit(), "/api/models/acme/open")) {
      assertThat(get(target).status()).as(target).isEqualTo(401);
    }
  }

  private void expectReachable() {
    String status =
        rig.send(rig.app().adminUri(), new Rig.Call("GET", "/status", "", ""), Optional.empty())
            .text();
    assertThat(status).contains("\"upstream\":\"reachable\"");
    assertThat(get("/acme/cold/resolve/main/c.txt").status()).isEqualTo(200);
  }

  private static void expectStale(Rig.Answer answer) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.header("cache-status").orElse("")).contains("hit").contains("detail=stale");
    assertThat(answer.header("x-hf-warning").orElse("")).startsWith("intrahub; ");
  }

  @Test
  void calls_that_fail_and_are_passed_on_do_not_make_the_hub_look_down() throws Exception {
    start();
    loadAndLapse();
    repo.visibility(Visibility.PRIVATE);
    rig.hub.faults().on(Route.OTHER_API, Route.RAW).status(500);
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<CompletableFuture<Integer>> booms =
          List.of(
                  "/api/models?search=boom1",
                  "/api/models?search=boom2",
                  "/acme/cold/raw/main/c.txt")
              .stream()
              .flatMap(
                  target -> List.of(target, target + (target.contains("?") ? "3" : "4")).stream())
              .map(target -> CompletableFuture.supplyAsync(() -> get(target).status(), clients))
              .toList();
      assertThat(booms).allSatisfy(boom -> assertThat(boom.join()).isGreaterThanOrEqualTo(500));
    }
    expectRefused();
    expectReachable();
  }

  /** A load asks for repo info and for files. */
  @Test
  void a_silent_hub_is_waited_for_once_and_not_again_for_another_route() throws Exception {
    start();
    loadAndLapse(Duration.ofMillis(300));
    Stall stall = rig.hub.faults().everywhere().hold();
    for (String target : List.of(A, "/api/models/acme/open", byCommit(), A)) {
      expectStale(get(target));
    }
    assertThat(rig.hub.counters().requests(Route.REPO_INFO)).isEqualTo(1);
    stall.release();
    settle();
  }

  @Test
  void a_broken_repo_that_is_asked_for_in_a_loop_closes_no_other() throws Exception {
    start();
    loadAndLapse();
    repo.visibility(Visibility.PRIVATE);
    rig.hub.faults().everywhere().path("broken0").status(500);
    for (int i = 0; i < 8; i++) {
      assertThat(get("/acme/broken0/resolve/main/" + i).status()).isGreaterThanOrEqualTo(500);
    }
    expectRefused();
    expectReachable();
  }

  /** Several of them even: the others are asked about all the same. */
  @Test
  void broken_repos_that_are_asked_for_in_a_loop_close_no_other() throws Exception {
    start();
    loadAndLapse();
    repo.visibility(Visibility.PRIVATE);
    rig.hub.faults().everywhere().path("broken").status(500);
    for (int i = 0; i < 9; i++) {
      assertThat(get("/acme/broken" + i % 3 + "/resolve/main/" + i).status())
          .isGreaterThanOrEqualTo(500);
    }
    expectRefused();
    expectReachable();
  }

  /** The failure of a question whose target a client chose proves nothing about the repo. */
  @ParameterizedTest
  @ValueSource(strings = {"/acme/open/resolve/main/weird", "/acme/open/resolve/weird/a.txt"})
  void a_target_that_fails_does_not_keep_its_repo_readable(String weird) throws Exception {
    start();
    loadAndLapse();
    repo.visibility(Visibility.PRIVATE);
    rig.hub.faults().everywhere().path("weird").status(500);
    for (int i = 0; i < 6; i++) {
      get(weird);
    }
    expectRefused();
  }

  @Test
  void while_the_hub_is_unreachable_a_verdict_holds_for_seven_days() throws Exception {
    start();
    loadAndLapse();
    rig.hub.goDark();
    for (int day = 1; day <= 6; day++) {
      for (String target : List.of(A, byCommit(), "/api/models/acme/open")) {
        expectStale(get(target));
      }
      rig.clock.pass(Duration.ofDays(1));
    }
    rig.clock.pass(Duration.ofDays(1));
    assertThat(get(A).status()).isEqualTo(504);
    assertThat(get(byCommit()).status()).isEqualTo(504);
  }

  @Test
  void when_the_hub_is_back_its_word_counts() throws Exception {
    start();
    loadAndLapse();
    rig.hub.goDark();
    for (int i = 0; i < 6; i++) {
      expectStale(get(A));
      rig.clock.pass(Duration.ofMinutes(2));
    }
    repo.visibility(Visibility.PRIVATE);
    rig.hub.comeBack();
    rig.clock.pass(Duration.ofMinutes(2));
    expectRefused();
  }

  @Test
  void a_slow_hub_is_waited_for() throws Exception {
    start();
    loadAndLapse();
    repo.visibility(Visibility.PRIVATE);
    rig.hub.faults().on(Route.REPO_INFO, Route.RESOLVE).delay(Duration.ofMillis(300));
    expectRefused();
  }

  @ParameterizedTest
  @ValueSource(strings = {"429", "portal"})
  @Tag("slow")
  void what_is_not_the_hubs_word_is_waited_out(String instead) throws Exception {
    start();
    loadAndLapse();
    repo.visibility(Visibility.PRIVATE);
    // More often than one question is tried again.
    if (instead.equals("429")) {
      rig.hub.faults().on(Route.REPO_INFO).times(7).status(429);
    } else {
      rig.hub.faults().on(Route.REPO_INFO).times(7).loginPage();
    }
    expectRefused();
  }

  @ParameterizedTest
  @ValueSource(strings = {"429", "portal"})
  @Tag("slow")
  void what_is_never_the_hubs_word_is_late_in_the_end(String instead) throws Exception {
    start();
    loadAndLapse(Duration.ofMillis(700));
    if (instead.equals("429")) {
      rig.hub.faults().on(Route.REPO_INFO).status(429);
    } else {
      rig.hub.faults().on(Route.REPO_INFO).loginPage();
    }
    Instant begin = Instant.now();
    expectStale(get(byCommit()));
    assertThat(Duration.between(begin, Instant.now())).isGreaterThan(Duration.ofMillis(650));
  }

  @Test
  @Tag("slow")
  void a_word_that_does_not_come_in_time_counts_for_the_next_client() throws Exception {
    start();
    loadAndLapse(Duration.ofSeconds(1));
    repo.visibility(Visibility.PRIVATE);
    Stall stall = rig.hub.faults().on(Route.REPO_INFO).hold();
    Instant begin = Instant.now();
    expectStale(get(A));
    assertThat(Duration.between(begin, Instant.now())).isGreaterThan(Duration.ofMillis(950));
    // Nobody waits for the same question again, however many files a load has.
    for (int i = 0; i < 20; i++) {
      expectStale(get(i % 2 == 0 ? byCommit() : A));
    }
    assertThat(Duration.between(begin, Instant.now())).isLessThan(Duration.ofSeconds(15));
    assertThat(rig.hub.counters().requests()).isEqualTo(1);

    stall.release();
    settle();
    expectRefused();
  }

  @Test
  void the_word_is_in_the_beginning_of_a_large_answer() throws Exception {
    start();
    Map<String, DevFile> many = new HashMap<>();
    for (int i = 0; i < 1_500; i++) {
      many.put("a-file-with-a-name-that-takes-some-room-in-repo-info-" + i, DevFile.text("x"));
    }
    commit = repo.commit("Add many", many);
    loadAndLapse();
    Stall stall = rig.hub.faults().on(Route.REPO_INFO).stallAfter(70_000);
    Rig.Answer answer = get(byCommit());
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("x-hf-warning")).isEmpty();
    stall.release();
  }

  /** The question began before the Hub refused the repo, and its answer comes after that. */
  @Test
  void a_late_yes_does_not_undo_a_no() throws Exception {
    start();
    repo.branch("dev", commit);
    assertThat(get(byCommit()).status()).isEqualTo(200);
    settle();
    rig.clock.pass(Duration.ofMinutes(6));
    Stall stall = rig.hub.faults().on(Route.REPO_INFO).hold();
    assertThat(get(byCommit()).status()).as("it is renewed behind").isEqualTo(200);
    stall.awaitReached(1);
    repo.visibility(Visibility.PRIVATE);
    assertThat(get("/acme/open/resolve/dev/a.txt").status()).isEqualTo(401);
    repo.visibility(Visibility.PUBLIC);
    stall.release();
    settle();
    repo.visibility(Visibility.PRIVATE);
    rig.hub.faults().clear();
    assertThat(get(byCommit()).status()).as("asks nothing if there is a verdict").isEqualTo(401);
    expectRefused();
    rig.clock.pass(Duration.ofMinutes(2));
    rig.hub.goDark();
    assertThat(get(byCommit()).status()).as("no verdict for an outage is left").isEqualTo(504);
  }

  /** Or a client that has the mirror's memory used up would have it believe the old verdict. */
  @Test
  void a_late_question_that_found_no_memory_is_no_outage() throws Exception {
    AtomicBoolean small = new AtomicBoolean();
    rig =
        new Rig(
            data,
            s ->
                small.get()
                    ? patient(s, Duration.ofMillis(300)).withBudgetBytes(100_000)
                    : patient(s, LONG));
    repo = rig.hub.repo("model", "acme/open");
    commit = repo.commit("Add it", "a.txt", DevFile.text("a"));
    loadAndLapse();
    small.set(true);
    rig.restart();
    repo.visibility(Visibility.PRIVATE);
    Stall stall = rig.hub.faults().on(Route.REPO_INFO).hold();
    expectStale(get(A));
    repo.visibility(Visibility.PUBLIC);
    stall.release();
    settle();
    assertThat(get(A).status()).isEqualTo(503);
  }

  @Test
  void what_the_hub_refused_by_an_old_name_is_not_served_in_an_outage() throws Exception {
    start();
    repo.renamedFrom("acme/old");
    assertThat(get("/acme/old/resolve/main/a.txt").status()).isEqualTo(200);
    loadAndLapse();
    repo.visibility(Visibility.PRIVATE);
    rig.clock.pass(Duration.ofDays(2));
    assertThat(get("/acme/old/resolve/main/a.txt").status()).isEqualTo(401);
    settle();
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(2));
    assertThat(get(A).status()).isEqualTo(504);
    assertThat(get(byCommit()).status()).isEqualTo(504);
  }

  /** A client can cause a loop in a chain of mirrors, by naming one of them in Via. */
  @Test
  void a_request_that_came_back_keeps_no_verdict() throws Exception {
    start();
    loadAndLapse();
    repo.visibility(Visibility.PRIVATE);
    rig.hub.faults().on(Route.REPO_INFO).status(508);
    assertThat(get(A).status()).isEqualTo(508);
    assertThat(get(byCommit()).status()).isEqualTo(508);
    rig.hub.faults().clear();
    expectRefused();
  }

  @Test
  void a_question_that_failed_is_not_asked_for_each_file() throws Exception {
    start();
    loadAndLapse();
    rig.hub.faults().on(Route.REPO_INFO).status(503);
    expectStale(get(A));
    long asked = rig.hub.counters().requests();
    for (int i = 0; i < 20; i++) {
      expectStale(get(i % 2 == 0 ? byCommit() : A));
    }
    assertThat(rig.hub.counters().requests()).isEqualTo(asked);

    rig.hub.faults().clear();
    repo.visibility(Visibility.PRIVATE);
    rig.clock.pass(Duration.ofSeconds(5));
    expectRefused();
  }

  /** No revision is refreshed for a commit, so its use has to renew the verdict. */
  @Tag("slow")
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_repo_in_use_is_never_waited_for(boolean byCommit) throws Exception {
    start();
    assertThat(get(A).status()).isEqualTo(200);
    settle();
    rig.hub.counters().reset();
    for (int minute = 0; minute < 60; minute++) {
      rig.clock.pass(Duration.ofMinutes(1));
      Stall stall = rig.hub.faults().on(Route.REPO_INFO).hold();
      Rig.Answer answer = get(byCommit ? byCommit() : A);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("x-hf-warning")).isEmpty();
      stall.release();
      rig.hub.faults().clear();
      settle();
    }
    assertThat(rig.hub.counters().requests(Route.REPO_INFO)).isBetween(10L, byCommit ? 13L : 60L);
    assertThat(rig.hub.counters().requests())
        .isEqualTo(rig.hub.counters().requests(Route.REPO_INFO));
  }

  @Test
  void a_repo_in_use_that_was_made_private_is_refused_when_the_hub_says_so() throws Exception {
    start();
    assertThat(get(byCommit()).status()).isEqualTo(200);
    settle();
    repo.visibility(Visibility.PRIVATE);
    rig.clock.pass(Duration.ofMinutes(6));
    assertThat(get(byCommit()).status()).as("the verdict holds").isEqualTo(200);
    settle();
    assertThat(get(byCommit()).status()).as("it was renewed behind").isEqualTo(401);
  }
}
