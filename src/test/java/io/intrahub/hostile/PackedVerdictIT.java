package io.intrahub.hostile;

import static io.intrahub.hostile.PackedRig.FILE;
import static io.intrahub.hostile.PackedRig.INFO;
import static io.intrahub.hostile.PackedRig.LAPSING;
import static io.intrahub.hostile.PackedRig.cacheStatus;
import static io.intrahub.hostile.PackedRig.eventually;
import static io.intrahub.hostile.PackedRig.text;
import static io.intrahub.hostile.PackedRig.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import io.intrahub.faults.MirrorProcess;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The packed product, and a verdict that a repo is public which has expired: neither clients nor a
 * slow upstream make it count longer than the Hub's own word allows.
 */
@Timeout(120)
class PackedVerdictIT {
  private static final String ALICE = "hf_alice";

  private static final Map<String, String> PATIENT =
      with(
          LAPSING,
          Map.of(
              "INTRAHUB_WAITS_STALE", "10ms",
              "INTRAHUB_WAITS_HEAD", "60s",
              "INTRAHUB_UPSTREAM_RETRY_PAUSE", "1ms"));

  @TempDir private Path tmp;
  private PackedRig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new PackedRig(tmp);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  /** Everything is known of the repo, no question is open, and then it is made private. */
  private void loadAndClose(MirrorProcess mirror) {
    for (String target : List.of(FILE, rig.byCommit(), INFO)) {
      load(mirror, target);
    }
    mirror.awaitIdle();
    rig.open.visibility(Visibility.PRIVATE);
  }

  /** The first answers of a process may take longer than the shortest waits here. */
  private void load(MirrorProcess mirror, String target) {
    eventually(() -> assertThat(rig.get(mirror, target).statusCode()).isEqualTo(200));
  }

  @Test
  void calls_that_fail_and_are_passed_on_neither_open_the_breaker_nor_a_private_repo()
      throws Exception {
    try (MirrorProcess mirror = rig.mirror(LAPSING)) {
      loadAndClose(mirror);
      rig.hub.faults().on(Route.OTHER_API).status(500);
      List<CompletableFuture<Integer>> booms =
          IntStream.range(0, 5)
              .mapToObj(
                  i -> rig.later(() -> rig.get(mirror, "/api/models?search=boom" + i).statusCode()))
              .toList();
      assertThat(booms).allSatisfy(boom -> assertThat(boom.join()).isGreaterThanOrEqualTo(500));

      assertThat(rig.status(mirror).get("upstream").asString()).isEqualTo("reachable");
      assertThat(rig.get(mirror, FILE).statusCode()).isEqualTo(401);
      rig.hub.repo("model", "acme/healthy").commit("Add it", "b.txt", DevFile.text("b"));
      HttpResponse<byte[]> cold = rig.get(mirror, "/acme/healthy/resolve/main/b.txt");
      assertThat(cold.statusCode()).as(text(cold)).isEqualTo(200);
      assertThat(text(cold)).isEqualTo("b");
      assertThat(rig.status(mirror).get("upstream").asString()).isEqualTo("reachable");
    }
  }

  /**
   * A client with a grant of its own waits for freshness only, and shows when that wait is over.
   */
  @Test
  void a_hub_that_takes_longer_than_the_wait_for_freshness_is_waited_for() throws Exception {
    rig.hub.token(ALICE, "alice");
    DevRepo own = rig.hub.repo("model", "acme/own");
    own.commit("Add it", "a.txt", DevFile.text("own"));
    own.visibility(Visibility.PRIVATE).allow(ALICE);
    try (MirrorProcess mirror =
        rig.mirror(
            with(
                PATIENT,
                Map.of(
                    "INTRAHUB_WAITS_STALE",
                    "300ms",
                    "INTRAHUB_UPSTREAM_SILENCE_TIMEOUT",
                    "60s")))) {
      loadAndClose(mirror);
      assertThat(asAlice(mirror).statusCode()).isEqualTo(200);
      Stall stall = rig.hub.faults().on(Route.REPO_INFO, Route.RESOLVE).hold();
      CompletableFuture<Integer> asked = rig.later(() -> rig.get(mirror, FILE).statusCode());
      stall.awaitReached(1);
      for (int i = 0; i < 10; i++) {
        expectStale(asAlice(mirror));
      }
      assertThat(asked).as("when that wait is over").isNotDone();
      stall.release();
      assertThat(asked.join()).isEqualTo(401);
    }
  }

  private HttpResponse<byte[]> asAlice(MirrorProcess mirror) {
    return rig.get(mirror, "/acme/own/resolve/main/a.txt", "Authorization", "Bearer " + ALICE);
  }

  /**
   * The second renewal is due when half of the life of the first has passed, and so at the end of
   * the first verdict at the earliest.
   */
  @Test
  void a_verdict_in_use_is_renewed_ahead_so_that_no_client_waits() throws Exception {
    try (MirrorProcess mirror = rig.mirror(Map.of("INTRAHUB_ACCESS_PUBLIC_TTL", "16s"))) {
      assertThat(rig.get(mirror, rig.byCommit()).statusCode()).isEqualTo(200);
      mirror.awaitIdle();
      for (int renewal = 0; renewal < 2; renewal++) {
        Stall stall = rig.hub.faults().on(Route.REPO_INFO, Route.RESOLVE).times(1).hold();
        await()
            .atMost(Duration.ofSeconds(30))
            .until(() -> {
              expectFresh(rig.get(mirror, rig.byCommit()));
              return stall.reached() > 0;
            });
        for (int i = 0; i < 10; i++) {
          expectFresh(rig.get(mirror, rig.byCommit()));
        }
        stall.release();
        await().until(() -> rig.hub.log().stream().allMatch(Recorded::done));
      }
    }
  }

  private static void expectFresh(HttpResponse<byte[]> answer) {
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(cacheStatus(answer)).contains("hit").doesNotContain("detail=stale");
    assertThat(answer.headers().firstValue("x-hf-warning")).isEmpty();
  }

  /** More often than one question is tried again. */
  @Test
  void a_hub_that_limits_the_mirror_is_waited_for() throws Exception {
    try (MirrorProcess mirror = rig.mirror(PATIENT)) {
      loadAndClose(mirror);
      rig.hub.faults().on(Route.REPO_INFO, Route.RESOLVE).times(7).status(429);
      assertThat(rig.get(mirror, rig.byCommit()).statusCode()).isEqualTo(401);
    }
  }

  @Test
  void a_hub_that_only_limits_the_mirror_is_an_outage_after_the_whole_wait_and_labelled()
      throws Exception {
    try (MirrorProcess mirror = rig.mirror(with(PATIENT, Map.of("INTRAHUB_WAITS_HEAD", "700ms")))) {
      loadAndClose(mirror);
      rig.hub.faults().on(Route.REPO_INFO, Route.RESOLVE).status(429);
      long begin = System.nanoTime();
      expectStale(rig.get(mirror, rig.byCommit()));
      assertThat(System.nanoTime() - begin).isGreaterThan(650_000_000L);

      rig.hub.faults().clear();
      await()
          .untilAsserted(
              () -> assertThat(rig.get(mirror, rig.byCommit()).statusCode()).isEqualTo(401));
    }
  }

  @Test
  void a_word_that_does_not_come_in_time_counts_for_the_next_client() throws Exception {
    try (MirrorProcess mirror = rig.mirror(with(PATIENT, Map.of("INTRAHUB_WAITS_HEAD", "700ms")))) {
      loadAndClose(mirror);
      Stall stall = rig.hub.faults().on(Route.REPO_INFO).hold();
      expectStale(rig.get(mirror, rig.byCommit()));
      stall.awaitReached(1);
      assertThat(stall.reached()).as("asked once").isEqualTo(1);
      stall.release();
      await()
          .untilAsserted(
              () -> assertThat(rig.get(mirror, rig.byCommit()).statusCode()).isEqualTo(401));
    }
  }

  private static void expectStale(HttpResponse<byte[]> answer) {
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(cacheStatus(answer)).contains("hit").contains("detail=stale");
    assertThat(answer.headers().firstValue("x-hf-warning").orElse("")).startsWith("intrahub; ");
  }

  @Test
  void a_json_answer_that_trickles_ends() throws Exception {
    try (MirrorProcess mirror =
        rig.mirror(with(LAPSING, Map.of("INTRAHUB_UPSTREAM_ANSWER_TIMEOUT", "500ms")))) {
      load(mirror, FILE);
      rig.hub.faults().on(Route.REPO_INFO).throttle(20);
      // Its answer never comes whole, and what was known goes on while that is all that fails.
      assertThat(rig.get(mirror, INFO).statusCode()).isIn(200, 503, 504);
      rig.hub.faults().clear();
      await()
          .untilAsserted(() -> {
            HttpResponse<byte[]> answer = rig.get(mirror, INFO);
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(cacheStatus(answer)).doesNotContain("detail=stale");
          });
    }
  }
}
