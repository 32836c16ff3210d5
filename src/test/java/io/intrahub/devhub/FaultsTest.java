package io.intrahub.devhub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each fault as a plain client sees it; what is on the wire is read from a raw socket. */
class FaultsTest {
  private static final DevFile FILE = DevFile.lfsGenerated(3, 200_000);
  private static final String INFO = "/api/models/acme/x";

  private DevHub hub;
  private Faults faults;
  private DevCaller devCaller;
  private String cdn;

  @BeforeEach
  void start() {
    hub = DevHub.builder().start();
    faults = hub.faults();
    devCaller = new DevCaller(hub.uri());
    hub.repo("model", "acme/x")
        .commit("m", DevCaller.files("f.bin", FILE, "a.txt", DevFile.text("abc")));
    cdn = devCaller.head("/acme/x/resolve/main/f.bin").header("Location").orElseThrow();
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private RawExchange wire(String... headers) throws IOException {
    return RawExchange.get(hub.cdnUri(), cdn.substring(hub.cdnUri().toString().length()), headers);
  }

  @Test
  void a_status_comes_with_headers_and_body_as_often_as_said() {
    ScriptedFault fault =
        faults
            .on(Route.REPO_INFO)
            .times(2)
            .status(
                429, Map.of("Retry-After", "7", "X-Error-Code", "Slow"), "{\"error\":\"slow\"}");
    for (int i = 0; i < 2; i++) {
      DevCaller.Answer answer = devCaller.get(INFO);
      assertThat(answer.status()).isEqualTo(429);
      assertThat(answer.header("Retry-After")).contains("7");
      assertThat(answer.text()).isEqualTo("{\"error\":\"slow\"}");
      assertThat(answer.header("X-Request-Id")).isPresent();
    }
    assertThat(devCaller.get(INFO).status()).isEqualTo(200);
    assertThat(fault.hits()).isEqualTo(2);

    faults.on(Route.REPO_INFO).status(503);
    assertThat(devCaller.head(INFO).status()).isEqualTo(503);
    assertThat(devCaller.get(INFO).json().has("error")).isTrue();
    faults.clear();
    assertThat(devCaller.get(INFO).status()).isEqualTo(200);
  }

  @Test
  void rules_choose_by_route_path_method_and_count() {
    hub.repo("model", "acme/y").commit("m", "a", DevFile.text(""));
    faults.on(Route.REPO_INFO, Route.REFS).path("/acme/x").method("GET").skip(1).status(500);
    assertThat(devCaller.get("/api/models/acme/y").status()).isEqualTo(200);
    assertThat(devCaller.get(INFO).status()).isEqualTo(200);
    assertThat(devCaller.get(INFO).status()).isEqualTo(500);
    assertThat(devCaller.head(INFO).status()).isEqualTo(200);
    assertThat(devCaller.get(INFO + "/refs").status()).isEqualTo(500);
    assertThat(devCaller.get(INFO + "/tree/main").status()).isEqualTo(200);
    faults.clear();
    ScriptedFault all = faults.everywhere().path(p -> p.endsWith("x")).status(500);
    assertThat(devCaller.get(INFO).status()).isEqualTo(500);
    all.remove();
    assertThat(devCaller.get(INFO).status()).isEqualTo(200);
  }

  @Test
  void a_login_page_is_html_with_200() {
    faults.everywhere().loginPage();
    for (String target : List.of(INFO, "/acme/x/resolve/main/a.txt", cdn)) {
      DevCaller.Answer answer = devCaller.get(target);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("Content-Type").orElseThrow()).startsWith("text/html");
      assertThat(answer.text()).contains("Sign in");
      assertThat(answer.header("X-Repo-Commit")).isEmpty();
    }
  }

  @Test
  void garbage_json_keeps_the_headers() {
    faults.on(Route.TREE).times(1).garbageJson();
    DevCaller.Answer answer = devCaller.get(INFO + "/tree/main");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Type").orElseThrow()).startsWith("application/json");
    assertThat(answer.text()).startsWith("{").doesNotContain("}");
  }

  @Test
  void a_delay_holds_the_status_line_back() {
    faults.on(Route.REPO_INFO).times(1).delay(Duration.ofMillis(300));
    long before = System.nanoTime();
    assertThat(devCaller.get(INFO).status()).isEqualTo(200);
    assertThat(System.nanoTime() - before).isGreaterThan(Duration.ofMillis(290).toNanos());
  }

  @Test
  void a_hold_keeps_many_answers_back_until_released() {
    Stall hold = faults.on(Route.REPO_INFO).hold();
    List<CompletableFuture<Integer>> calls =
        Stream.generate(() ->
                CompletableFuture.supplyAsync(
                    () -> devCaller.get(INFO).status(), Thread::startVirtualThread))
            .limit(4)
            .toList();
    hold.awaitReached(4);
    assertThat(calls).noneMatch(CompletableFuture::isDone);
    hold.release();
    assertThat(calls).allMatch(c -> c.join() == 200);
    assertThat(devCaller.get(INFO).status()).isEqualTo(200);
  }

  @Test
  void a_stall_lets_exactly_so_many_bytes_through_first() throws IOException {
    Stall stall = faults.on(Route.CDN).times(1).stallAfter(70_001);
    try (RawExchange rawExchange = wire()) {
      stall.awaitReached(1);
      assertThat(rawExchange.body(70_001)).isEqualTo(Arrays.copyOf(FILE.allBytes(), 70_001));
      assertThat(rawExchange.quietFor(Duration.ofMillis(100))).isTrue();
      assertThat(hub.counters().bytes(Route.CDN)).isEqualTo(70_001);
      stall.release();
      assertThat(rawExchange.body(200_000 - 70_001))
          .isEqualTo(Arrays.copyOfRange(FILE.allBytes(), 70_001, 200_000));
    }
  }

  @Test
  void a_stall_after_0_sends_the_headers() throws IOException {
    Stall stall = faults.on(Route.CDN).times(1).stallAfter(0);
    try (RawExchange rawExchange = wire()) {
      stall.awaitReached(1);
      assertThat(rawExchange.head()).startsWith("HTTP/1.1 200 ").contains("Content-Length: 200000");
      assertThat(rawExchange.quietFor(Duration.ofMillis(100))).isTrue();
    }
    stall.release();
  }

  @Test
  void truncation_is_a_clean_close_after_exactly_so_many_bytes() throws IOException {
    for (long at : new long[] {0, 1, 100_000, 200_000 - 12, 199_999}) {
      faults.clear();
      faults.on(Route.CDN).truncate(at);
      try (RawExchange rawExchange = wire()) {
        assertThat(rawExchange.head()).contains("Content-Length: 200000");
        assertThat(rawExchange.rest()).isEqualTo(Arrays.copyOf(FILE.allBytes(), (int) at));
      }
      assertThat(devCaller.failure(cdn)).as("cut at " + at).isPresent();
    }
  }

  @Test
  void a_reset_breaks_the_connection_hard() throws IOException {
    faults.on(Route.CDN).resetAfter(100_000);
    try (RawExchange rawExchange = wire()) {
      byte[] got = new byte[0];
      try {
        got = rawExchange.rest();
        throw new AssertionError("no reset after " + got.length);
      } catch (SocketException e) {
        assertThat(e).hasMessageContaining("reset");
      }
    }
    assertThat(devCaller.failure(cdn)).isPresent();
  }

  @Test
  void a_disconnect_comes_before_any_answer() throws IOException {
    faults.on(Route.CDN).disconnect();
    try (RawExchange rawExchange = wire()) {
      assertThat(rawExchange.everything()).isEmpty();
    }
  }

  @Test
  void a_wrong_byte_sits_at_one_offset_of_the_file() {
    faults.on(Route.CDN).wrongByteAt(150_000);
    byte[] right = FILE.allBytes();
    byte[] wrong = devCaller.get(cdn).body();
    assertThat(Arrays.mismatch(wrong, right)).isEqualTo(150_000);
    wrong[150_000] = right[150_000];
    assertThat(wrong).isEqualTo(right);
    assertThat(devCaller.get(cdn, "Range", "bytes=150001-150100").body())
        .isEqualTo(Arrays.copyOfRange(right, 150_001, 150_101));
    assertThat(
            Arrays.mismatch(
                devCaller.get(cdn, "Range", "bytes=149990-").body(),
                Arrays.copyOfRange(right, 149_990, 200_000)))
        .isEqualTo(10);
  }

  @Test
  void wrong_lengths_are_announced_and_kept() throws IOException {
    faults.on(Route.CDN).times(1).wrongLength(1000);
    assertThat(devCaller.get(cdn).body()).isEqualTo(Arrays.copyOf(FILE.allBytes(), 1000));
    faults.on(Route.CDN).times(1).extraBytes(5);
    DevCaller.Answer longer = devCaller.get(cdn);
    assertThat(longer.header("Content-Length")).contains("200005");
    assertThat(longer.body()).hasSize(200_005).startsWith(FILE.allBytes());
    faults.on(Route.CDN).times(1).wrongLength(300_000);
    try (RawExchange rawExchange = wire()) {
      assertThat(rawExchange.head()).contains("Content-Length: 300000");
      assertThat(rawExchange.rest()).isEqualTo(FILE.allBytes());
    }
  }

  @Test
  void an_ignored_range_is_a_whole_200() {
    faults.on(Route.CDN).times(1).ignoreRange();
    DevCaller.Answer answer = devCaller.get(cdn, "Range", "bytes=5-9");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo(FILE.allBytes());
    assertThat(devCaller.get(cdn, "Range", "bytes=5-9").status()).isEqualTo(206);
  }

  @Test
  void gzip_comes_though_identity_is_asked() throws IOException {
    faults.on(Route.CDN, Route.REPO_INFO).gzip();
    DevCaller.Answer answer = devCaller.get(cdn);
    assertThat(answer.header("Content-Encoding")).contains("gzip");
    assertThat(answer.header("Content-Length")).isEmpty();
    assertThat(new GZIPInputStream(new ByteArrayInputStream(answer.body())).readAllBytes())
        .isEqualTo(FILE.allBytes());
    assertThat(devCaller.get(INFO).header("Content-Encoding")).contains("gzip");
  }

  @Test
  void a_body_without_length_is_chunked_and_whole() {
    faults.on(Route.CDN).noLength();
    DevCaller.Answer answer = devCaller.get(cdn);
    assertThat(answer.header("Content-Length")).isEmpty();
    assertThat(answer.header("Transfer-Encoding")).contains("chunked");
    assertThat(answer.body()).isEqualTo(FILE.allBytes());
  }

  @Test
  void etags_change_and_headers_vanish() {
    faults.on(Route.CDN, Route.RESOLVE).changedEtag("other");
    faults.on(Route.RESOLVE).withoutHeader("X-Repo-Commit");
    assertThat(devCaller.get(cdn).header("ETag")).contains("\"other\"");
    DevCaller.Answer resolve = devCaller.get("/acme/x/resolve/main/f.bin");
    assertThat(resolve.header("X-Linked-ETag")).contains("\"other\"");
    assertThat(resolve.header("ETag")).isEmpty();
    assertThat(resolve.header("X-Repo-Commit")).isEmpty();
  }

  @Test
  void a_throttle_paces_the_body() {
    faults.on(Route.CDN).throttle(400_000);
    long before = System.nanoTime();
    assertThat(devCaller.get(cdn).body()).isEqualTo(FILE.allBytes());
    assertThat(System.nanoTime() - before)
        .isBetween(Duration.ofMillis(450).toNanos(), Duration.ofSeconds(5).toNanos());
  }

  @Test
  void chance_is_seeded_and_bounded_for_each_address() {
    faults.on(Route.REPO_INFO).random(0.9, 42, 2).status(500);
    int inARow = 0;
    int hits = 0;
    for (int i = 0; i < 60; i++) {
      inARow = devCaller.get(INFO).status() == 500 ? inARow + 1 : 0;
      hits += inARow > 0 ? 1 : 0;
      assertThat(inARow).isLessThanOrEqualTo(2);
    }
    assertThat(hits).isBetween(25, 40);
    faults.clear();
    ScriptedFault never = faults.on(Route.REPO_INFO).random(0, 1, 5, new Fault.Truncate(0));
    devCaller.get(INFO);
    assertThat(never.hits()).isZero();
  }

  @Test
  void faults_add_up() throws IOException {
    faults.on(Route.CDN).wrongByteAt(3);
    faults.on(Route.CDN).truncate(10);
    Stall stall = faults.on(Route.CDN).stallAfter(5);
    try (RawExchange rawExchange = wire("Range", "bytes=2-")) {
      stall.awaitReached(1);
      byte[] five = rawExchange.body(5);
      assertThat(Arrays.mismatch(five, Arrays.copyOfRange(FILE.allBytes(), 2, 7))).isEqualTo(1);
      stall.release();
      assertThat(rawExchange.rest()).hasSize(5);
    }
  }

  @Test
  void closing_the_hub_lets_everything_go() {
    Stall stall = faults.on(Route.CDN).stallAfter(1);
    faults.on(Route.REPO_INFO).delay(Duration.ofHours(1));
    Stall hold = faults.on(Route.REFS).hold();
    List<CompletableFuture<Boolean>> calls =
        List.of(cdn, INFO, INFO + "/refs").stream()
            .map(t ->
                CompletableFuture.supplyAsync(
                    () -> devCaller.failure(t).isPresent(), Thread::startVirtualThread))
            .toList();
    stall.awaitReached(1);
    hold.awaitReached(1);
    await().until(() -> hub.counters().requests(Route.REPO_INFO) == 1);
    hub.close();
    assertThat(calls.get(1).join()).isTrue();
    await().until(() -> calls.stream().allMatch(CompletableFuture::isDone));
  }
}
