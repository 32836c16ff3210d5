package io.intrahub.clients;

import static java.time.temporal.ChronoUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.testing.MirrorUnderTest;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;

/**
 * Upstream refuses connections, or takes them and never answers, or is switched off: what was
 * loaded loads again, with each version of the client, and what was not is refused in a way that
 * the client understands.
 */
@ParameterizedClass
@FieldSource("VERSIONS")
@Tag("timed")
class UpstreamGoneIT {
  static final List<String> VERSIONS = PythonClient.VERSIONS;

  private static final String COLD = "acme/never-loaded";
  private static final String FILE = "config.json";

  @Parameter String version;
  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private DevRepo repo;
  private PythonClient hf;
  private CurlClient curl;

  @BeforeEach
  void start() {
    hf = new PythonClient(version, tmp);
    hf.assumeAvailable();
    curl = new CurlClient(tmp);
    curl.assumeAvailable();
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    repo = LoadedRepo.install(mirror.hub());
    mirror.hub().repo("model", COLD).commit("Add", FILE, DevFile.text("{}\n"));
  }

  @AfterEach
  void stop() {
    if (mirror != null) {
      mirror.close();
    }
  }

  @Test
  void when_connections_are_refused_what_was_loaded_loads_again() {
    load();
    mirror.awaitIdle();
    mirror.hub().goDark();

    load();
    assertThat(label()).containsEntry("Age", "0").containsEntry("X-HF-Warning", "");
    expectTimeOfLastAnswer();

    mirror.pass(Duration.ofMinutes(2));
    load();
    assertThat(label()).containsEntry("Age", "120");

    mirror.pass(Duration.ofMinutes(15));
    ClientResult stale = load();
    expectWarning(stale, 17 * 60);

    mirror.hub().comeBack();
    mirror.pass(Duration.ofMinutes(2));
    load();
    assertThat(label()).containsEntry("Age", "0").containsEntry("X-HF-Warning", "");
  }

  @Test
  void when_nobody_answers_what_was_loaded_loads_again_without_waiting_for_a_time_out() {
    load();
    mirror.awaitIdle();
    mirror.hub().blackHole(true);
    mirror.mark();

    load();
    mirror.expectSilence();

    mirror.pass(Duration.ofMinutes(2));
    loadFasterThanTimeOut();

    mirror.pass(Duration.ofMinutes(15));
    ClientResult stale = loadFasterThanTimeOut();
    expectWarning(stale, 17 * 60);
  }

  @Test
  void what_was_not_loaded_is_refused_and_can_be_had_when_upstream_is_back() {
    mirror.hub().goDark();

    CurlClient.Answer answer = curl.head(mirror.uri() + "/" + COLD + "/resolve/main/" + FILE);
    assertThat(answer.status()).isEqualTo(504);
    assertThat(answer.header("Retry-After")).isEqualTo("0");
    assertThat(answer.header("X-Error-Code")).isEmpty();
    assertThat(answer.header("X-Error-Message"))
        .contains("could not reach the Hub for model " + COLD, "the Hub has not answered since");

    PythonClient.Call call = hf.call();
    ClientResult refused = call.endpoint(mirror.uri()).script("snapshot.py", COLD);
    expectNoCopy(refused, 504);
    assertThat(
            refused
                .json()
                .get("error")
                .get("cause")
                .get("headers")
                .get("x-error-message")
                .asString())
        .contains("for model " + COLD, "the Hub has not answered since", "has no copy of it");

    mirror.hub().comeBack();
    mirror.pass(Duration.ofMinutes(2));
    ClientResult again =
        hf.call().inHome(call.home()).endpoint(mirror.uri()).script("download.py", COLD, FILE);
    assertThat(again.expectSuccess().json().get("size").asInt()).isEqualTo(3);
  }

  @Test
  void when_switched_off_what_was_loaded_loads_and_the_rest_is_refused_for_good() {
    load();
    mirror.awaitIdle();
    mirror.pass(Duration.ofHours(3));
    mirror.restartOffline();
    mirror.mark();

    expectWarning(load(), 3 * 60 * 60);

    CurlClient.Answer answer = curl.get(mirror.uri() + "/" + COLD + "/resolve/main/" + FILE);
    assertThat(answer.status()).isEqualTo(501);
    assertThat(answer.header("Retry-After")).isEmpty();
    expectNoCopy(hf.call().endpoint(mirror.uri()).script("download.py", COLD, FILE), 501);
    expectNoCopy(hf.call().endpoint(mirror.uri()).script("snapshot.py", COLD), 501);
    mirror.expectSilence();
  }

  private ClientResult load() {
    ClientResult result = LoadedRepo.load(hf.call().endpoint(mirror.uri()), "main");
    LoadedRepo.expectWhole(result, repo, "main");
    return result;
  }

  /**
   * One wait for upstream's first byte takes 20 s: no load may contain one. One for the Hub's word
   * on a verdict that has run out takes 8 s: a load may contain one of these, and no second.
   */
  private ClientResult loadFasterThanTimeOut() {
    Instant start = Instant.now();
    ClientResult result = load();
    assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(16));
    return result;
  }

  /** What is said about the age of a file of the branch. */
  private Map<String, String> label() {
    CurlClient.Answer answer =
        curl.head(mirror.uri() + "/" + LoadedRepo.ID + "/resolve/main/" + LoadedRepo.REGULAR);
    assertThat(answer.status()).isEqualTo(200);
    return Map.of("Age", answer.header("Age"), "X-HF-Warning", answer.header("X-HF-Warning"));
  }

  private void expectWarning(ClientResult load, int seconds) {
    String warning = "The Hub can't be reached, so this comes from the mirror's store.";
    assertThat(label()).containsEntry("Age", String.valueOf(seconds));
    assertThat(label().get("X-HF-Warning")).contains(warning);
    // Older versions don't know the header.
    if (List.of("hf-2.4.0", "hf-1.33.0").contains(version)) {
      assertThat(load.stderr()).contains(warning);
    }
  }

  /** What is not stored can't be had, and the user of the client reads when the Hub was there. */
  private void expectTimeOfLastAnswer() {
    ClientResult refused = hf.call().endpoint(mirror.uri()).script("snapshot.py", COLD);
    expectNoCopy(refused, 504);
    assertThat(refused.json().get("error").toString())
        .contains("could not reach the Hub for model " + COLD)
        .contains("the Hub last answered at " + mirror.clock().instant().truncatedTo(SECONDS))
        .contains("has no copy of it that it may serve");
  }

  /** No "not found" that a client would remember, and the mirror's status as the cause. */
  private static void expectNoCopy(ClientResult result, int status) {
    assertThat(result.exitCode()).isEqualTo(3);
    JsonNode error = result.json().get("error");
    assertThat(error.get("type").asString()).isEqualTo("LocalEntryNotFoundError");
    assertThat(error.get("cause").get("status").asInt()).isEqualTo(status);
  }
}
