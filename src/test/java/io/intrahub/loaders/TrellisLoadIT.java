package io.intrahub.loaders;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.clients.ClientResult;
import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Fault;
import io.intrahub.devhub.Route;
import io.intrahub.testing.MirrorUnderTest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * The load that this project began with: a loader that turns one failure into a request for a repo
 * that never was. Behind the mirror no first attempt fails, whatever the network does. Each load is
 * a new process with a new cache folder.
 */
@ParameterizedClass
@ValueSource(strings = {"hf-2.4.0", "hf-0.36.2"})
class TrellisLoadIT {
  private static final String TOKEN = "hf_alice";
  private static final Duration NEGATIVE_TTL = Duration.ofSeconds(60);

  @Parameter String version;
  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private DevRepo repo;
  private PythonClient hf;

  @BeforeEach
  void start() {
    hf = new PythonClient(version, tmp);
    hf.assumeAvailable();
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    mirror.hub().token(TOKEN, "alice");
    repo = TrellisRepo.install(mirror.hub());
  }

  @AfterEach
  void stop() {
    if (mirror != null) {
      mirror.close();
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void the_load_works_cold_then_without_a_request_upstream_then_with_upstream_off() {
    TrellisRepo.expectLoaded(load(), repo, "cold");
    mirror.awaitIdle();
    assertThat(MirrorUnderTest.bytes(mirror.contentReads()))
        .isEqualTo(repo.files("main").values().stream().mapToLong(f -> f.size()).sum());

    mirror.mark();
    TrellisRepo.expectLoaded(load(), repo, "warm");
    mirror.expectSilence();

    mirror.hub().goDark();
    TrellisRepo.expectLoaded(load(), repo, "with upstream off");
    mirror.pass(Duration.ofMinutes(5));
    TrellisRepo.expectLoaded(load(), repo, "with upstream off and a stale revision");
    mirror.pass(Duration.ofDays(2));
    TrellisRepo.expectLoaded(load(), repo, "with upstream off for days");
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4})
  @Execution(ExecutionMode.CONCURRENT)
  void no_first_attempt_fails_while_upstream_fails_nearly_every_third_answer(long seed) {
    BadNetwork network = BadNetwork.of(mirror.hub(), 0.3, 3, seed);

    TrellisRepo.expectLoaded(load(), repo, "on a bad network, seed " + seed);

    assertThat(network.failed()).as("answers that failed, seed %d", seed).isGreaterThan(3);
  }

  /** What the mirror is for, and that the loader shows it. */
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void without_the_mirror_one_failure_becomes_an_error_about_a_repo_that_never_was() {
    String first = TrellisRepo.unknownRepos().getFirst();
    mirror.hub().xet(false);
    // One asks again after the one, and one after the other.
    boolean old = version.equals("hf-0.36.2");
    mirror
        .hub()
        .faults()
        .on(Route.CDN)
        .times(1)
        .apply(old ? new Fault.Truncate(30) : new Fault.Status(500, Map.of(), "{}"));

    ClientResult result =
        hf.call()
            .endpoint(mirror.hub().uri())
            .token(TOKEN)
            .script("trellis_like.py", TrellisRepo.ID);

    assertThat(result.exitCode()).isEqualTo(3);
    JsonNode error = result.json().get("error");
    assertThat(error.get("type").asString()).isEqualTo("RepositoryNotFoundError");
    assertThat(error.get("message").asString()).contains("/" + first + "/resolve/main/.json");
    assertThat(result.stderr())
        .contains(TrellisRepo.ID + "/" + first)
        .contains(old ? "ChunkedEncodingError" : "HfHubHTTPError");
  }

  @ParameterizedTest(name = "token: {0}")
  @ValueSource(strings = {"", TOKEN})
  @Execution(ExecutionMode.CONCURRENT)
  void a_repo_that_never_was_is_refused_from_the_cache_also_with_upstream_off(String token) {
    expectUnknown(token);

    mirror.mark();
    expectUnknown(token);
    mirror.expectSilence();

    mirror.hub().goDark();
    mirror.pass(NEGATIVE_TTL.minusSeconds(1));
    expectUnknown(token);

    mirror.hub().comeBack();
    // The refusals are old after a second, and a Hub that was gone is asked again after five.
    mirror.pass(Duration.ofSeconds(6));
    mirror.mark();
    expectUnknown(token);
    assertThat(mirror.upstream()).as("requests when the refusals have grown old").isNotEmpty();
  }

  private ClientResult load() {
    return hf.call().endpoint(mirror.uri()).script("trellis_like.py", TrellisRepo.ID);
  }

  /** Asks for what the loader asks for when it takes the names of models for repos. */
  private void expectUnknown(String token) {
    List<String> repos = TrellisRepo.unknownRepos();
    List<String> arguments = new ArrayList<>(List.of(".json"));
    arguments.addAll(repos);
    PythonClient.Call call = hf.call().endpoint(mirror.uri());
    JsonNode errors =
        (token.isEmpty() ? call : call.token(token))
            .script("unknown.py", arguments.toArray(String[]::new))
            .expectSuccess()
            .json();
    assertThat(errors.propertyNames()).containsExactlyInAnyOrderElementsOf(repos);
    for (JsonNode error : errors.values()) {
      assertThat(error.get("type").asString()).isEqualTo("RepositoryNotFoundError");
      assertThat(error.get("status").asInt()).isEqualTo(token.isEmpty() ? 401 : 404);
    }
  }
}
