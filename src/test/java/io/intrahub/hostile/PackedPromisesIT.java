package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code SECURITY.md} and {@code docs/reliability.md} promise against hostile clients and
 * upstreams, asked of the packed product in a small heap. The many cases of each promise are tested
 * in one process with a clock that tests move; here its options are short instead.
 */
@Timeout(120)
class PackedPromisesIT {
  private static final List<String> SMALL =
      List.of("-Xmx192m", "-XX:+ExitOnOutOfMemoryError", "-XX:TieredStopAtLevel=1");
  private static final DevFile BIG = DevFile.lfsGenerated(7, 5 << 20);
  private static final String FILE = "/acme/open/resolve/main/a.txt";
  private static final String BIG_FILE = "/acme/open/resolve/main/big.bin";
  private static final String INFO = "/api/models/acme/open";

  /** A verdict that a repo is public lasts shorter than any step of a test. */
  private static final Map<String, String> LAPSING =
      Map.of(
          "INTRAHUB_ACCESS_PUBLIC_TTL", "1ms",
          "INTRAHUB_FRESHNESS_REVISION_TTL", "1ms",
          "INTRAHUB_FRESHNESS_STALE_WHILE_REVALIDATE", "1ms");

  @TempDir private Path tmp;

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private DevHub hub;
  private DevRepo open;
  private Path log;

  @BeforeEach
  void start() throws IOException {
    log = Files.createFile(tmp.resolve("log"));
    hub = DevHub.builder().start();
    open = hub.repo("model", "acme/open");
    open.commit("Add it", Map.of("a.txt", DevFile.text("a"), "big.bin", BIG));
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
    client.close();
    hub.faults().clear();
    hub.close();
  }

  private Path data() {
    return tmp.resolve("data");
  }

  private MirrorProcess mirror(Map<String, String> environment) throws IOException {
    return MirrorProcess.serve(data(), hub.uri(), log, SMALL, environment);
  }

  private HttpResponse<byte[]> send(URI base, String target, String... headers) {
    try {
      HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + target));
      if (headers.length > 0) {
        request.headers(headers);
      }
      return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    } catch (IOException e) {
      throw new AssertionError("no whole answer to " + target, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private HttpResponse<byte[]> get(MirrorProcess mirror, String target, String... headers) {
    return send(mirror.uri(), target, headers);
  }

  private JsonNode status(MirrorProcess mirror) {
    return JsonMapper.shared().readTree(send(mirror.adminUri(), "/status").body());
  }

  /** Nobody is fetching it any more; transfers of others may go on. */
  private void awaitTheEndOf(DevFile file, MirrorProcess mirror) {
    await()
        .until(() ->
            StreamSupport.stream(status(mirror).get("transfers").spliterator(), false)
                .noneMatch(transfer -> transfer.get("size").asLong() == file.size()));
  }

  private static String text(HttpResponse<byte[]> answer) {
    return new String(answer.body(), StandardCharsets.UTF_8);
  }

  private static String cacheStatus(HttpResponse<byte[]> answer) {
    return answer.headers().firstValue("cache-status").orElse("");
  }

  @Test
  void calls_that_fail_and_are_passed_on_neither_open_the_breaker_nor_a_private_repo()
      throws Exception {
    try (MirrorProcess mirror = mirror(LAPSING)) {
      assertThat(get(mirror, FILE).statusCode()).isEqualTo(200);
      open.visibility(Visibility.PRIVATE);
      hub.faults().on(Route.OTHER_API).status(500);
      List<CompletableFuture<Integer>> booms =
          IntStream.range(0, 5)
              .mapToObj(i ->
                  CompletableFuture.supplyAsync(
                      () -> get(mirror, "/api/models?search=boom" + i).statusCode(), threads))
              .toList();
      assertThat(booms).allSatisfy(boom -> assertThat(boom.join()).isGreaterThanOrEqualTo(500));

      assertThat(get(mirror, FILE).statusCode()).isEqualTo(401);
      assertThat(status(mirror).get("upstream").asString()).isEqualTo("reachable");
    }
  }

  @Test
  void a_hub_that_takes_longer_than_the_wait_for_freshness_is_waited_for() throws Exception {
    try (MirrorProcess mirror =
        mirror(
            with(LAPSING, Map.of("INTRAHUB_WAITS_STALE", "10ms", "INTRAHUB_WAITS_HEAD", "60s")))) {
      assertThat(get(mirror, FILE).statusCode()).isEqualTo(200);
      open.visibility(Visibility.PRIVATE);
      Stall stall = hub.faults().on(Route.REPO_INFO, Route.RESOLVE).hold();
      CompletableFuture<Integer> asked =
          CompletableFuture.supplyAsync(() -> get(mirror, FILE).statusCode(), threads);
      stall.awaitReached(1);
      stall.release();
      assertThat(asked.join()).isEqualTo(401);
    }
  }

  @Test
  void a_json_answer_that_trickles_ends() throws Exception {
    try (MirrorProcess mirror =
        mirror(with(LAPSING, Map.of("INTRAHUB_UPSTREAM_ANSWER_TIMEOUT", "500ms")))) {
      assertThat(get(mirror, FILE).statusCode()).isEqualTo(200);
      hub.faults().on(Route.REPO_INFO).throttle(20);
      // Its answer never comes whole, and what was known goes on while that is all that fails.
      assertThat(get(mirror, INFO).statusCode()).isIn(200, 503, 504);
      hub.faults().clear();
      await()
          .untilAsserted(() -> {
            HttpResponse<byte[]> answer = get(mirror, INFO);
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(cacheStatus(answer)).doesNotContain("detail=stale");
          });
    }
  }

  @Test
  void the_made_up_content_of_a_second_endpoint_is_not_part_of_a_known_commit() throws Exception {
    try (DevHub liar = DevHub.builder().start()) {
      String commit =
          liar.repo("model", "acme/open")
              .commit("Add it", Map.of("a.txt", DevFile.text("a"), "big.bin", BIG));
      List<String> flags = new ArrayList<>(List.of("--host", "127.0.0.1", "--port", "0"));
      flags.addAll(List.of("--data", data().toString(), "--upstream", hub.uri() + "#send-tokens"));
      flags.addAll(List.of("--upstream", liar.uri().toString()));
      hub.faults().on(Route.TREE).status(503);
      try (MirrorProcess mirror = MirrorProcess.serve(log, SMALL, flags, LAPSING)) {
        assertThat(get(mirror, FILE).statusCode()).isEqualTo(200);
        hub.goDark();
        DevFile madeUp = DevFile.text("made up");
        liar.faults()
            .on(Route.RESOLVE)
            .path("b.txt")
            .status(
                200,
                Map.of("X-Repo-Commit", commit, "ETag", "\"" + madeUp.gitOid() + "\""),
                "made up");
        HttpResponse<byte[]> answer = get(mirror, "/acme/open/resolve/main/b.txt");
        assertThat(answer.statusCode()).as(text(answer)).isGreaterThanOrEqualTo(400);
        assertThat(answer.headers().firstValue("x-repo-commit")).isEmpty();
        mirror.stop();
      }
      assertThat(filesWith("made up")).isEmpty();
    }
  }

  @Test
  void a_repo_that_claims_another_size_for_a_digest_costs_the_honest_one_nothing()
      throws Exception {
    DevFile lie = DevFile.lfsGenerated(8, 3 << 20, BIG.sha256());
    hub.repo("model", "evil/short").commit("Add it", Map.of("big.bin", lie));
    try (MirrorProcess mirror = mirror(Map.of())) {
      assertThat(get(mirror, BIG_FILE, "Range", "bytes=0-2097151").statusCode()).isEqualTo(206);
      get(mirror, "/evil/short/resolve/main/big.bin", "Range", "bytes=0-0");
      assertThat(get(mirror, BIG_FILE).body()).isEqualTo(BIG.allBytes());
      awaitTheEndOf(BIG, mirror);
      long fetched = hub.counters().bytes(Route.CDN);
      assertThat(get(mirror, BIG_FILE).body()).isEqualTo(BIG.allBytes());
      assertThat(hub.counters().bytes(Route.CDN)).isEqualTo(fetched);
    }
  }

  @Test
  void all_spellings_of_a_question_are_one_stored_answer() throws Exception {
    try (MirrorProcess mirror = mirror(Map.of())) {
      assertThat(get(mirror, INFO + "?blobs=true").statusCode()).isEqualTo(200);
      long answers = await().until(this::storedAnswers, n -> n > 0);
      for (String query : List.of("blobs=True", "blobs=1", "blobs=1&blobs=true")) {
        assertThat(get(mirror, INFO + "?" + query).statusCode()).isEqualTo(200);
      }
      for (int i = 0; i < 50; i++) {
        assertThat(get(mirror, INFO + "?expand%5B" + i + "%5D=gated").statusCode()).isEqualTo(200);
      }
      mirror.stop();
      assertThat(storedAnswers()).isLessThanOrEqualTo(answers + 1);
    }
  }

  @Test
  void a_file_that_a_kill_left_in_doubt_is_served_right_or_not_whole() throws Exception {
    try (MirrorProcess mirror = mirror(Map.of())) {
      assertThat(get(mirror, BIG_FILE).body()).isEqualTo(BIG.allBytes());
      awaitTheEndOf(BIG, mirror);
      mirror.kill();
      mirror.awaitDeath();
    }
    String hex = BIG.sha256();
    Path blob = data().resolve("blobs/sha256").resolve(hex.substring(0, 2)).resolve(hex);
    byte[] wrong = BIG.allBytes();
    wrong[wrong.length / 2] ^= 1;
    Files.setPosixFilePermissions(blob, PosixFilePermissions.fromString("rw-------"));
    Files.write(blob, wrong);
    try (MirrorProcess mirror = mirror(Map.of())) {
      List<CompletableFuture<byte[]>> clients =
          IntStream.range(0, 8)
              .mapToObj(_ -> CompletableFuture.supplyAsync(() -> wholeOrNothing(mirror), threads))
              .toList();
      for (CompletableFuture<byte[]> one : clients) {
        assertThat(one.join().length == 0 || Arrays.equals(one.join(), BIG.allBytes())).isTrue();
      }
      await().untilAsserted(() -> assertThat(wholeOrNothing(mirror)).isEqualTo(BIG.allBytes()));
    }
  }

  private byte[] wholeOrNothing(MirrorProcess mirror) {
    try {
      HttpResponse<byte[]> answer = get(mirror, BIG_FILE);
      return answer.statusCode() == 200 ? answer.body() : new byte[0];
    } catch (AssertionError broken) {
      assertThat(broken).hasMessageContaining("no whole answer");
      return new byte[0];
    }
  }

  @Test
  void the_rest_of_a_file_past_a_store_that_takes_nothing_is_checked_too() throws Exception {
    // No disk has so much free, so nothing is stored.
    try (MirrorProcess mirror = mirror(Map.of("INTRAHUB_STORE_MIN_FREE", "1000TiB"))) {
      assertThat(get(mirror, BIG_FILE).body()).isEqualTo(BIG.allBytes());
      hub.faults().on(Route.CDN).wrongByteAt(BIG.size() - 10);
      try {
        HttpResponse<byte[]> answer = get(mirror, BIG_FILE, "Range", "bytes=1000000-");
        assertThat(answer.statusCode()).isGreaterThanOrEqualTo(500);
      } catch (AssertionError broken) {
        assertThat(broken).hasMessageContaining("no whole answer");
      }
    }
  }

  @Test
  void a_refusal_names_the_limit_that_a_client_met() throws Exception {
    Map<String, String> few =
        Map.of("INTRAHUB_CLIENTS_CONNECTIONS", "3", "INTRAHUB_CLIENTS_COLD_QUESTIONS", "5");
    try (MirrorProcess mirror = mirror(few)) {
      List<RawClient> clients = new ArrayList<>();
      try {
        for (int i = 0; i < 4; i++) {
          clients.add(new RawClient(mirror.uri().getPort(), "127.0.0.2").get("/health"));
        }
        List<String> heads = new ArrayList<>();
        for (RawClient one : clients) {
          heads.add(one.head());
        }
        assertThat(heads.getLast()).startsWith("HTTP/1.1 429 ").contains("clients.connections");
      } finally {
        for (RawClient one : clients) {
          one.close();
        }
      }
      long before = hub.log().size();
      List<HttpResponse<byte[]>> answers = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        answers.add(get(mirror, "/acme/made-up-" + i + "/resolve/main/a.txt"));
      }
      assertThat(answers.getLast().statusCode()).isEqualTo(429);
      assertThat(text(answers.getLast())).contains("clients.cold-questions");
      assertThat(hub.log().size() - before).isLessThanOrEqualTo(10);
    }
  }

  @Test
  void a_client_that_leaves_gives_up_its_place() throws Exception {
    try (MirrorProcess mirror = mirror(Map.of())) {
      Stall stall = hub.faults().on(Route.CDN).stallAfter(100_000);
      try (RawClient leaves = new RawClient(mirror.uri().getPort(), "127.0.0.3")) {
        assertThat(leaves.get(BIG_FILE).head()).startsWith("HTTP/1.1 200 ");
        stall.awaitReached(1);
        assertThat(readers(mirror)).isEqualTo(1);
        leaves.reset();
        await().until(() -> readers(mirror) == 0);
      } finally {
        stall.release();
      }
    }
  }

  private int readers(MirrorProcess mirror) {
    int readers = 0;
    for (JsonNode load : status(mirror).get("transfers")) {
      readers += load.get("readers").asInt();
    }
    return readers;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Host: evil.example\r\n", "Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n"})
  void the_operators_listener_answers_no_page_of_another_site(String headers) throws Exception {
    try (MirrorProcess mirror = mirror(Map.of());
        RawClient page = new RawClient(mirror.adminUri().getPort(), "127.0.0.1")) {
      page.send("GET /status HTTP/1.1\r\n" + headers + "Connection: close\r\n\r\n");
      assertThat(page.head()).containsPattern("^HTTP/1.1 (403|421) ");
      assertThat(page.rest()).doesNotContain("uptimeSeconds");
    }
  }

  @Test
  void bodies_that_are_too_long_or_never_end_leave_the_mirror_to_the_others() throws Exception {
    try (MirrorProcess mirror = mirror(Map.of("INTRAHUB_SERVER_BODY_TIMEOUT", "2s"))) {
      int port = mirror.uri().getPort();
      try (RawClient tooLong = new RawClient(port, "127.0.0.2")) {
        tooLong.send(post(3 << 20));
        assertThat(tooLong.head()).startsWith("HTTP/1.1 413 ");
      }
      List<RawClient> unfinished = new ArrayList<>();
      try {
        for (int i = 0; i < 200; i++) {
          unfinished.add(
              new RawClient(port, "127.0.0.2")
                  .send(post(2 << 20) + "{\"paths\":[\"" + "x".repeat(9_000)));
        }
        assertThat(get(mirror, FILE).statusCode()).isEqualTo(200);
        for (RawClient one : unfinished) {
          one.untilClosed();
        }
      } finally {
        for (RawClient one : unfinished) {
          one.close();
        }
      }
      assertThat(get(mirror, BIG_FILE).body()).isEqualTo(BIG.allBytes());
    }
  }

  private static String post(int length) {
    return "POST /api/models/acme/open/paths-info/main HTTP/1.1\r\nHost: mirror\r\n"
        + "Content-Type: application/json\r\nContent-Length: "
        + length
        + "\r\n\r\n";
  }

  @Test
  void large_files_by_raw_stream_through_a_small_heap() throws Exception {
    DevFile large = DevFile.bytes(new byte[20_000_000]);
    hub.repo("model", "acme/raw").commit("Add it", Map.of("large.txt", large));
    try (MirrorProcess mirror = mirror(Map.of())) {
      List<CompletableFuture<Integer>> readers =
          IntStream.range(0, 60)
              .mapToObj(_ ->
                  CompletableFuture.supplyAsync(
                      () -> get(mirror, "/acme/raw/raw/main/large.txt").statusCode(), threads))
              .toList();
      assertThat(readers).allSatisfy(one -> assertThat(one.join()).isIn(200, 429, 503));
      assertThat(mirror.isAlive()).isTrue();
      assertThat(get(mirror, FILE).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void no_error_text_of_a_library_reaches_a_client() throws Exception {
    try (MirrorProcess mirror = mirror(Map.of())) {
      hub.faults().everywhere().garbageJson();
      for (String target : List.of(FILE, INFO, INFO + "/tree/main", "/api/models?search=x")) {
        assertThat(text(get(mirror, target)))
            .doesNotContain("Exception", "java.", "jackson", "okhttp", "\tat ");
      }
    }
  }

  private static Map<String, String> with(Map<String, String> some, Map<String, String> more) {
    Map<String, String> all = new LinkedHashMap<>(some);
    all.putAll(more);
    return all;
  }

  private long storedAnswers() throws IOException {
    try (Stream<Path> files = Files.walk(data())) {
      return files.filter(f -> f.getFileName().toString().startsWith("answer-")).count();
    }
  }

  private List<Path> filesWith(String words) throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> files = Files.walk(data())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (Files.readString(file, StandardCharsets.ISO_8859_1).contains(words)) {
          found.add(file);
        }
      }
    }
    return found;
  }
}
