package io.intrahub.clients;

import static io.intrahub.metrics.Meters.Kind.ANSWER;
import static io.intrahub.metrics.Meters.Kind.CONTENT;
import static io.intrahub.metrics.Meters.Kind.ENTRY;
import static io.intrahub.metrics.Meters.Level.DISK;
import static io.intrahub.metrics.Meters.Level.MEMORY;
import static io.intrahub.metrics.Meters.Level.UPSTREAM;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.metrics.Meters;
import io.intrahub.testing.MirrorUnderTest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an operator sees of hits, misses and of an upstream that is silent. */
class HitCountersIT {
  private static final String FILE = LoadedRepo.ID + "/resolve/main/" + LoadedRepo.REGULAR;
  private static final String INFO = "api/models/" + LoadedRepo.ID;

  private static final List<String> UNKNOWN =
      IntStream.range(0, 5).mapToObj(i -> "acme/unknown-" + i).toList();

  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private CurlClient curl;

  @BeforeEach
  void start() {
    curl = new CurlClient(tmp);
    curl.assumeAvailable();
    mirror = new MirrorUnderTest(tmp.resolve("data"), Duration.ofSeconds(3));
    LoadedRepo.install(mirror.hub());
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  @Test
  void each_level_counts_its_answers() {
    get(FILE);
    assertThat(count(CONTENT, UPSTREAM)).isEqualTo(1);
    mirror.awaitIdle();

    get(FILE);
    assertThat(count(CONTENT, UPSTREAM)).isEqualTo(1);
    assertThat(count(CONTENT, DISK)).isEqualTo(1);
    assertThat(count(ENTRY, MEMORY)).isGreaterThanOrEqualTo(1);
    assertThat(count(ENTRY, DISK)).isZero();

    get(INFO);
    assertThat(count(ANSWER, UPSTREAM)).isEqualTo(1);
    get(INFO);
    assertThat(count(ANSWER, MEMORY)).isEqualTo(1);

    mirror.awaitIdle();
    mirror.restart();
    get(FILE);
    get(INFO);
    assertThat(count(ENTRY, DISK)).isEqualTo(1);
    assertThat(count(CONTENT, DISK)).isEqualTo(1);
    assertThat(count(ANSWER, DISK)).isEqualTo(1);
    assertThat(count(CONTENT, UPSTREAM)).isZero();
  }

  @Test
  void metrics_show_the_counters_and_no_names_of_repos() {
    get(FILE);
    mirror.awaitIdle();
    get(FILE);

    CurlClient.Answer metrics = curl.get(mirror.app().adminUri() + "/metrics");

    assertThat(metrics.status()).isEqualTo(200);
    assertThat(metrics.header("Content-Type")).startsWith("text/plain");
    assertThat(metrics.text())
        .contains("intrahub_answers_total{kind=\"content\",level=\"disk\"} 1.0")
        .contains("intrahub_answers_total{kind=\"content\",level=\"upstream\"} 1.0")
        .contains("intrahub_answers_total{kind=\"entry\",level=\"memory\"}")
        .contains("intrahub_upstream_requests_total 3.0")
        .doesNotContain("acme", "tiny-bert");
  }

  @Test
  void once_it_is_known_that_upstream_is_silent_nobody_waits_for_it() throws InterruptedException {
    get(FILE);
    mirror.awaitIdle();
    for (String repo : UNKNOWN) {
      mirror.hub().repo("model", repo).commit("Add", "config.json", DevFile.text("{}"));
    }
    mirror.hub().blackHole(true);
    // All at once, so that the test waits for the time-out only once.
    List<Thread> askers =
        UNKNOWN.stream()
            .map(repo ->
                Thread.ofVirtual()
                    .start(
                        () -> curl.head(mirror.uri() + "/" + repo + "/resolve/main/config.json")))
            .toList();
    for (Thread asker : askers) {
      asker.join();
    }
    assertThat(curl.get(mirror.app().adminUri() + "/health").text())
        .isEqualTo("{\"status\":\"ok\",\"upstream\":\"down\"}");
    mirror.mark();

    CurlClient.Answer cold =
        curl.get(mirror.uri() + "/" + UNKNOWN.getFirst() + "/resolve/main/config.json");
    assertThat(cold.status()).isEqualTo(504);
    assertThat(cold.header("Retry-After")).isEqualTo("0");
    assertThat(cold.header("X-Error-Code")).isEmpty();
    mirror.pass(Duration.ofMillis(4900));
    assertThat(get(FILE).header("X-HF-Warning")).isEmpty();
    mirror.expectSilence();

    mirror.hub().blackHole(false);
    mirror.pass(Duration.ofSeconds(1));
    assertThat(get(UNKNOWN.getFirst() + "/resolve/main/config.json").text()).isEqualTo("{}");
    assertThat(curl.get(mirror.app().adminUri() + "/health").text()).contains("reachable");
  }

  private CurlClient.Answer get(String path) {
    CurlClient.Answer answer = curl.get(mirror.uri() + "/" + path);
    assertThat(answer.status()).isEqualTo(200);
    return answer;
  }

  private long count(Meters.Kind kind, Meters.Level level) {
    return mirror.app().meters().answeredCount(kind, level);
  }
}
