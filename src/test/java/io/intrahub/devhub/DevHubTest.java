package io.intrahub.devhub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The server itself: listeners, counters, violations, quotas. */
class DevHubTest {
  private static final DevFile FILE = DevFile.lfsGenerated(3, 20_000);
  private static final String INFO = "/api/models/acme/x";

  private final SettableClock clock = new SettableClock();
  private DevHub hub;
  private DevCaller devCaller;

  @BeforeEach
  void start() {
    hub = DevHub.builder().clock(clock).strict(false).start();
    devCaller = new DevCaller(hub.uri());
    hub.repo("model", "acme/x").commit("m", "f.bin", FILE);
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  @Test
  void requests_and_bytes_are_counted_by_route() {
    DevCaller.Answer info = devCaller.get(INFO);
    devCaller.head(INFO);
    devCaller.follow("/acme/x/resolve/main/f.bin", "Range", "bytes=0-99");
    DevCounters counters = hub.counters();
    assertThat(counters.requests()).isEqualTo(4);
    assertThat(counters.requests(Route.REPO_INFO)).isEqualTo(2);
    assertThat(counters.requests(Route.RESOLVE)).isEqualTo(1);
    assertThat(counters.requests(Route.CDN)).isEqualTo(1);
    assertThat(counters.requests(Route.TREE)).isZero();
    assertThat(counters.bytes(Route.CDN)).isEqualTo(100);
    assertThat(counters.bytes(Route.REPO_INFO)).isEqualTo(info.body().length);
    assertThat(counters.requestsFor(Route.RESOLVE, "f.bin")).isEqualTo(1);
    assertThat(counters.requestsFor(Route.RESOLVE, "other")).isZero();
    DevCounters.Snapshot before = counters.snapshot();
    devCaller.get(INFO);
    assertThat(before.requests()).isEqualTo(4);
    assertThat(counters.snapshot().requests(Route.REPO_INFO)).isEqualTo(3);
    counters.reset();
    assertThat(counters.requests()).isZero();
    assertThat(hub.log()).isEmpty();
  }

  @Test
  void the_log_has_what_was_sent_and_answered() {
    hub.token("hf_alice", "alice");
    List<Recorded> heard = new CopyOnWriteArrayList<>();
    hub.onRequest(heard::add);
    devCaller.as("hf_alice").get("/api/models/acme%2Fx/nope?a=%2F", "X-Amzn-Trace-Id", "t1");
    devCaller.get(INFO);
    List<Recorded> log = hub.log();
    assertThat(log).hasSize(2);
    assertThat(log.get(0).target()).isEqualTo("/api/models/acme%2Fx/nope?a=%2F");
    assertThat(log.get(0).query()).isEqualTo("a=%2F");
    assertThat(log.get(0).authorization()).contains("Bearer hf_alice");
    assertThat(log.get(0).header("x-amzn-TRACE-id")).contains("t1");
    assertThat(log.get(0).toString()).doesNotContain("hf_alice");
    assertThat(log.get(1).status()).isEqualTo(200);
    assertThat(log.get(1).method()).isEqualTo("GET");
    await().until(() -> heard.size() == 2 && log.get(1).done());
    assertThat(log.get(1).bytesSent()).isPositive();
    assertThat(log.get(1).at()).isEqualTo(clock.instant());
  }

  @Test
  void what_no_client_may_do_is_remembered_and_asserted() throws IOException {
    String cdn = devCaller.head("/acme/x/resolve/main/f.bin").header("Location").orElseThrow();
    assertThat(hub.violations()).isEmpty();
    hub.assertClean();

    assertThat(devCaller.get(cdn, "Authorization", "Bearer hf_alice").status()).isEqualTo(400);
    assertThat(devCaller.get(cdn.substring(0, cdn.indexOf('?'))).status()).isEqualTo(403);
    devCaller.get("/api/nonsense");
    try (RawExchange rawExchange =
        RawExchange.get(
            hub.uri(), INFO, "Authorization", "Bearer a", "Authorization", "Bearer b")) {
      rawExchange.head();
    }
    assertThat(hub.violations()).hasSize(4);
    assertThat(hub.violations().get(0)).startsWith("a token at the CDN: GET /");
    assertThat(hub.violations().get(1)).startsWith("a CDN request without a signature: GET /");
    assertThat(hub.violations().get(2)).startsWith("a request to an unknown route: GET /api/non");
    assertThat(hub.violations().get(3)).startsWith("two Authorization headers: GET /api/models");
    assertThatThrownBy(hub::assertClean)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("/api/nonsense");
    hub.forgetViolations();
    hub.expectUnknownRoutes();
    devCaller.get("/api/nonsense");
    hub.assertClean();
  }

  @Test
  void a_strict_hub_asserts_when_it_closes() {
    DevHub strict = DevHub.builder().start();
    new DevCaller(strict.uri()).get("/nonsense");
    assertThatThrownBy(strict::close).isInstanceOf(AssertionError.class);
    strict.close();
  }

  @Test
  void a_dark_hub_refuses_connections_and_comes_back_on_the_same_ports() throws IOException {
    URI was = hub.uri();
    String cdn = devCaller.head("/acme/x/resolve/main/f.bin").header("Location").orElseThrow();
    for (int i = 0; i < 20; i++) {
      hub.goDark();
      hub.goDark();
      assertThat(fresh().failure(INFO)).get().isInstanceOf(ConnectException.class);
      assertThat(fresh().failure(cdn)).get().isInstanceOf(ConnectException.class);
      hub.comeBack();
      hub.comeBack();
      assertThat(hub.uri()).isEqualTo(was);
      assertThat(fresh().get(INFO).status()).isEqualTo(200);
      assertThat(fresh().get(cdn).status()).isEqualTo(200);
    }
    hub.cdnGoDark();
    assertThat(fresh().get(INFO).status()).isEqualTo(200);
    assertThat(fresh().failure(cdn)).isPresent();
    hub.goDark();
    hub.comeBack();
    assertThat(fresh().get(cdn).status()).isEqualTo(200);
  }

  /** Without connections from before: those were closed, and a client notices late. */
  private DevCaller fresh() {
    return new DevCaller(hub.uri());
  }

  @Test
  void going_dark_breaks_what_is_under_way() {
    String cdn = devCaller.head("/acme/x/resolve/main/f.bin").header("Location").orElseThrow();
    Stall stall = hub.faults().on(Route.CDN).stallAfter(100);
    CompletableFuture<Boolean> call =
        CompletableFuture.supplyAsync(
            () -> devCaller.failure(cdn).isPresent(), Thread::startVirtualThread);
    stall.awaitReached(1);
    hub.goDark();
    assertThat(call.join()).isTrue();
    hub.comeBack();
    stall.release();
    assertThat(fresh().get(cdn).status()).isEqualTo(200);
  }

  @Test
  void a_black_hole_accepts_and_never_answers() throws IOException {
    hub.blackHole(true);
    try (RawExchange rawExchange = RawExchange.get(hub.uri(), INFO)) {
      await().until(() -> hub.counters().requests() == 1);
      assertThat(rawExchange.quietFor(Duration.ofMillis(200))).isTrue();
      hub.blackHole(false);
      assertThat(rawExchange.everything()).isEmpty();
    }
    assertThat(devCaller.get(INFO).status()).isEqualTo(200);
  }

  @Test
  void a_quota_holds_for_a_window_a_group_and_a_caller() {
    hub.token("hf_alice", "alice");
    hub.rateLimit(RateGroup.API, 2, Duration.ofSeconds(60));
    clock.pass(Duration.ofSeconds(20));
    DevCaller.Answer first = devCaller.get(INFO);
    assertThat(first.header("RateLimit")).contains("\"api\";r=1;t=40");
    assertThat(first.header("RateLimit-Policy")).contains("\"fixed window\";\"api\";q=2;w=60");
    assertThat(devCaller.get(INFO).header("RateLimit")).contains("\"api\";r=0;t=40");
    DevCaller.Answer over = devCaller.get(INFO);
    assertThat(over.status()).isEqualTo(429);
    assertThat(over.header("RateLimit")).contains("\"api\";r=0;t=40");
    assertThat(over.json().has("error")).isTrue();
    assertThat(devCaller.as("hf_alice").get(INFO).status()).isEqualTo(200);
    assertThat(devCaller.head("/acme/x/resolve/main/f.bin").status()).isEqualTo(302);
    clock.pass(Duration.ofSeconds(40));
    assertThat(devCaller.get(INFO).status()).isEqualTo(200);
    hub.liftRateLimit(RateGroup.API);
    for (int i = 0; i < 5; i++) {
      assertThat(devCaller.get(INFO).status()).isEqualTo(200);
    }
  }

  @Test
  void cookies_come_when_asked_for() {
    assertThat(devCaller.get(INFO).header("Set-Cookie")).isEmpty();
    hub.cookies(true);
    assertThat(devCaller.get(INFO).header("Set-Cookie")).isPresent();
  }

  @Test
  void two_hubs_with_one_seed_are_alike_and_others_are_not() {
    try (DevHub same = DevHub.builder().start();
        DevHub other = DevHub.builder().seed(2).start()) {
      assertThat(same.repo("model", "acme/x").internalId())
          .isEqualTo(hub.repo("model", "acme/x").internalId())
          .isNotEqualTo(other.repo("model", "acme/x").internalId());
      assertThat(same.repo("model", "acme/x").commit("m", "f.bin", FILE))
          .isEqualTo(hub.repo("model", "acme/x").commitOf("main").orElseThrow());
    }
  }

  @Test
  void other_host_names_stand_in_the_addresses() {
    try (DevHub named = DevHub.builder().publicHost("hub.example").cdnHost("cdn.example").start()) {
      assertThat(named.uri().getHost()).isEqualTo("hub.example");
      assertThat(named.cdnUri().getHost()).isEqualTo("cdn.example");
    }
  }

  @Test
  void a_malformed_target_is_a_400_in_json() throws IOException {
    for (String target : List.of("/a%zz", "/a%00b", "/a/%2e%2e/b")) {
      try (RawExchange rawExchange = RawExchange.get(hub.uri(), target, "Connection", "close")) {
        assertThat(rawExchange.head()).startsWith("HTTP/1.1 400 ").contains("application/json");
        assertThat(new String(rawExchange.rest(), StandardCharsets.UTF_8)).contains("\"error\"");
      }
    }
  }

  @Test
  void a_malformed_query_is_taken_as_it_is() throws IOException {
    try (RawExchange rawExchange = RawExchange.get(hub.uri(), INFO + "?blobs=%zz&a=%")) {
      assertThat(rawExchange.head()).startsWith("HTTP/1.1 200 ");
    }
  }

  @Tag("slow")
  @Test
  void many_requests_and_changes_at_once_stay_whole() {
    try (var pool = Executors.newVirtualThreadPerTaskExecutor()) {
      List<CompletableFuture<Boolean>> calls =
          IntStream.range(0, 200)
              .mapToObj(i ->
                  CompletableFuture.supplyAsync(
                      () -> {
                        if (i % 20 == 0) {
                          hub.repo("model", "acme/x")
                              .commit("c" + i, "n" + i, DevFile.text("" + i));
                        }
                        DevCaller.Answer answer = devCaller.follow("/acme/x/resolve/main/f.bin");
                        return Arrays.equals(answer.body(), FILE.allBytes());
                      },
                      pool))
              .toList();
      assertThat(calls).allMatch(CompletableFuture::join);
    }
    assertThat(hub.counters().requests(Route.CDN)).isEqualTo(200);
    assertThat(hub.counters().bytes(Route.CDN)).isEqualTo(200 * FILE.size());
    assertThat(hub.repo("model", "acme/x").resolve("main").orElseThrow().files()).hasSize(11);
  }
}
