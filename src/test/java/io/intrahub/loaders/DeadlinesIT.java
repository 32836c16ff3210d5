package io.intrahub.loaders;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Fault;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import io.intrahub.testing.MirrorUnderTest;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * How long a client waits at most while upstream is slow. Clients give up a head after 10 seconds;
 * the mirror has 8. The upper bounds leave room for a machine that is slow itself.
 */
@Tag("timed")
class DeadlinesIT {
  private static final String ID = "acme/tiny";
  private static final String TOKEN = "hf_alice";
  private static final String CONFIG = "/" + ID + "/resolve/main/config.json";
  private static final String MODEL = "/" + ID + "/resolve/main/model.bin";
  private static final String INFO = "/api/models/" + ID;
  private static final Duration WITHIN_8_S = Duration.ofSeconds(12);
  private static final Duration WITHIN_2_S = Duration.ofSeconds(6);
  private static final Duration AT_ONCE = Duration.ofSeconds(4);

  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private DevRepo repo;
  private final HttpClient http = HttpClient.newHttpClient();

  /** An answer and how long its head took. */
  private record Timed(HttpResponse<InputStream> answer, Duration took) {
    int status() {
      return answer.statusCode();
    }

    String header(String name) {
      return answer.headers().firstValue(name).orElse("");
    }
  }

  @BeforeEach
  void start() {
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    repo = mirror.hub().repo("model", ID);
    repo.commit(
        "Add a model",
        Map.of(
            "config.json", DevFile.text("{\"model_type\": \"bert\"}\n"),
            "model.bin", DevFile.lfsGenerated(2, 3_000_000)));
  }

  @AfterEach
  void stop() {
    mirror.hub().faults().clear();
    http.close();
    mirror.close();
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_cold_resolve_says_after_8_s_that_upstream_is_slow_and_the_next_one_has_it()
      throws Exception {
    Stall stall = mirror.hub().faults().on(Route.RESOLVE).hold();

    Timed head = ask("HEAD", CONFIG, "");

    assertThat(head.status()).isEqualTo(504);
    assertThat(head.header("X-Error-Message")).contains("it did not answer within 8 s");
    assertThat(head.header("X-Error-Code")).isEmpty();
    assertThat(head.header("Retry-After")).isEqualTo("0");
    assertThat(head.took()).isBetween(Duration.ofSeconds(7), WITHIN_8_S);

    stall.release();
    mirror.awaitIdle();
    mirror.mark();
    assertThat(ask("HEAD", CONFIG, "").status()).isEqualTo(200);
    assertThat(mirror.upstream(Route.RESOLVE)).as("asked upstream again").isEmpty();
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void slow_metadata_and_slow_content_together_take_no_longer() throws Exception {
    mirror.hub().faults().on(Route.RESOLVE).delay(Duration.ofSeconds(5));
    Stall stall = mirror.hub().faults().on(Route.CDN).hold();

    Timed get = ask("GET", MODEL, "");

    // The head is out; the bytes come when there are any.
    assertThat(get.status()).isEqualTo(200);
    assertThat(get.header("Content-Length")).isEqualTo("3000000");
    assertThat(get.took()).isBetween(Duration.ofSeconds(7), WITHIN_8_S);
    stall.release();
    assertThat(get.answer().body().readAllBytes())
        .isEqualTo(repo.file("main", "model.bin").orElseThrow().allBytes());
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void what_is_read_with_the_askers_own_token_takes_no_longer_either() throws Exception {
    mirror.hub().token(TOKEN, "alice");
    repo.visibility(Visibility.PRIVATE).allow(TOKEN);
    Stall stall = mirror.hub().faults().on(Route.CDN, Route.RESOLVE_CACHE).hold();

    Timed get = ask("GET", CONFIG, TOKEN);

    assertThat(get.status()).isEqualTo(200);
    assertThat(get.took()).isBetween(Duration.ofSeconds(7), WITHIN_8_S);
    stall.release();
    assertThat(get.answer().body().readAllBytes())
        .isEqualTo(repo.file("main", "config.json").orElseThrow().allBytes());
  }

  /** A client that asks for a fresher commit of what it may read does not wait for long. */
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_commit_that_is_known_is_served_stale_after_2_s() throws Exception {
    ask("GET", CONFIG, "").answer().body().readAllBytes();
    mirror.awaitIdle();
    String commit = repo.commitOf("main").orElseThrow();
    for (int minutes = 0; minutes < 15; minutes += 5) {
      mirror.pass(Duration.ofMinutes(5).plusSeconds(1));
      // Keeps the word that everybody may read it fresh, but not the branch.
      ask("HEAD", "/" + ID + "/resolve/" + commit + "/config.json", "");
      mirror.awaitIdle();
    }
    Stall stall = mirror.hub().faults().everywhere().hold();

    Timed head = ask("HEAD", CONFIG, "");

    expectStale(head, 903);
    assertThat(head.took()).isBetween(Duration.ofMillis(1500), WITHIN_2_S);
    stall.release();
    mirror.awaitIdle();
  }

  /** Whether everybody may still read it is worth a longer wait. */
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void what_is_there_is_served_stale_after_8_s_and_then_at_once() throws Exception {
    ask("GET", CONFIG, "").answer().body().readAllBytes();
    ask("GET", INFO, "").answer().body().readAllBytes();
    mirror.awaitIdle();
    // Both have grown old: the revision, and the word that everybody may read the repo.
    mirror.pass(Duration.ofHours(1));
    Stall stall = mirror.hub().faults().everywhere().hold();

    Timed head = ask("HEAD", CONFIG, "");
    expectStale(head, 3_600);
    assertThat(head.took()).isBetween(Duration.ofSeconds(7), WITHIN_8_S);

    // It does not wait for those 8 seconds again, nor for 2; one of them may meet a busy machine.
    List<Duration> took = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Timed get = ask("GET", CONFIG, "");
      assertThat(get.status()).isEqualTo(200);
      took.add(get.took());
    }
    assertThat(Collections.min(took)).isLessThan(Duration.ofMillis(1900));

    Timed info = ask("GET", INFO, "");
    assertThat(info.status()).isEqualTo(200);
    assertThat(info.took()).isLessThan(WITHIN_2_S);

    stall.release();
    mirror.awaitIdle();
    Timed fresh = ask("HEAD", CONFIG, "");
    assertThat(fresh.header("X-HF-Warning")).isEmpty();
  }

  private static void expectStale(Timed answer, int age) {
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Cache-Status")).contains("detail=stale");
    assertThat(answer.header("X-HF-Warning")).startsWith("intrahub; ");
    assertThat(answer.header("Age")).isEqualTo(Integer.toString(age));
  }

  /** The only call of its client, which has no time-out for it: it may take longer. */
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void cold_repo_info_waits_for_as_long_as_upstream_may_take_to_begin() throws Exception {
    var _ = mirror.hub().faults().on(Route.REPO_INFO).hold();

    Timed info = ask("GET", INFO, "");

    assertThat(info.status()).isEqualTo(504);
    assertThat(info.took()).isBetween(Duration.ofSeconds(19), Duration.ofSeconds(60));
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_limit_of_the_rate_is_waited_for_in_line_and_passed_on_when_it_is_longer()
      throws Exception {
    mirror.hub().faults().on(Route.RESOLVE).times(1).apply(limit(3));
    Timed waited = ask("HEAD", CONFIG, "");
    assertThat(waited.status()).isEqualTo(200);
    assertThat(waited.took()).isBetween(Duration.ofSeconds(3), WITHIN_8_S);

    mirror.hub().faults().on(Route.REPO_INFO).apply(limit(120));
    Timed refused = ask("GET", INFO, "");
    assertThat(refused.status()).isEqualTo(503);
    assertThat(refused.header("Retry-After")).isEqualTo("120");
    assertThat(refused.header("X-Error-Message")).contains("limits the rate of requests (429)");
    assertThat(refused.took()).isLessThan(AT_ONCE);
  }

  /** Each single pause is short enough, all of them together are not. */
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_limit_that_outlasts_the_client_says_when_to_ask_again() throws Exception {
    mirror.hub().faults().on(Route.RESOLVE).apply(limit(5));

    Timed head = ask("HEAD", CONFIG, "");

    assertThat(head.status()).isEqualTo(503);
    assertThat(head.header("X-Error-Message")).contains("limits the rate of requests (429)");
    assertThat(Integer.parseInt(head.header("Retry-After"))).isBetween(1, 5);
    assertThat(head.took()).isBetween(Duration.ofSeconds(7), WITHIN_8_S);
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void an_upstream_that_is_off_is_told_at_once() throws Exception {
    mirror.hub().goDark();

    Timed head = ask("HEAD", CONFIG, "");
    assertThat(head.status()).isEqualTo(504);
    assertThat(head.header("Retry-After")).isEqualTo("0");
    assertThat(head.took()).isLessThan(AT_ONCE);

    mirror.restartOffline();
    Timed offline = ask("HEAD", CONFIG, "");
    assertThat(offline.status()).isEqualTo(501);
    assertThat(offline.header("Retry-After")).isEmpty();
    assertThat(offline.took()).isLessThan(AT_ONCE);
  }

  private static Fault limit(int seconds) {
    return new Fault.Status(
        429, Map.of("Retry-After", Integer.toString(seconds)), "{\"error\":\"slow down\"}");
  }

  private Timed ask(String method, String target, String token)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(mirror.uri() + target))
            .timeout(Duration.ofSeconds(90))
            .method(method, HttpRequest.BodyPublishers.noBody());
    if (!token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    long start = System.nanoTime();
    HttpResponse<InputStream> answer =
        http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    return new Timed(answer, Duration.ofNanos(System.nanoTime() - start));
  }
}
