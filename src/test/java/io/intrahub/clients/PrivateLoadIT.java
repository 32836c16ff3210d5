package io.intrahub.clients;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Visibility;
import io.intrahub.testing.MirrorUnderTest;
import java.net.URLEncoder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;

/**
 * Real clients load a private and a gated repo with the token of somebody who may: cold, warm and
 * with upstream off, each in a new process with an empty cache. Everybody else gets the exceptions
 * that the Hub would give them, whatever others have loaded.
 */
@ParameterizedClass
@FieldSource("CLIENTS")
class PrivateLoadIT {
  private static final String CURL = "curl";
  static final List<String> CLIENTS =
      Stream.concat(
              PythonClient.VERSIONS.stream(),
              Stream.of("transformers-5", "transformers-4.57", CURL))
          .toList();

  private static final String PRIVATE = "acme/private";
  private static final String GATED = "acme/gated";
  private static final String WEIGHTS = "model.safetensors";
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final Optional<String> BOB = Optional.of("hf_bob");
  private static final Optional<String> NOBODY = Optional.empty();

  @Parameter String client;
  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private CurlClient curl;
  private PythonClient python;
  private final Map<String, DevRepo> repos = new TreeMap<>();

  /**
   * What a client has of a repo.
   *
   * @param refusal the exception and the status behind it; empty if the client loaded the repo
   * @param digests of the loaded files, by path
   */
  private record Loaded(String refusal, Map<String, String> digests) {
    static Loaded refused(String exception, int status) {
      return new Loaded(exception + " " + status, Map.of());
    }
  }

  @BeforeEach
  void start() {
    curl = new CurlClient(tmp);
    python = new PythonClient(client, tmp);
    if (client.equals(CURL)) {
      curl.assumeAvailable();
    } else {
      python.assumeAvailable();
    }
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    DemoRepos.install(mirror.hub());
    Map<String, DevFile> files = mirror.hub().repo("model", "demo/tiny-bert").files("main");
    for (String id : List.of(PRIVATE, GATED)) {
      DevRepo repo =
          mirror
              .hub()
              .repo("model", id)
              .visibility(id.equals(GATED) ? Visibility.GATED : Visibility.PRIVATE)
              .allow(ALICE.get());
      repo.commit("Add a model", files);
      repos.put(id, repo);
    }
  }

  @AfterEach
  void stop() {
    if (mirror != null) {
      mirror.close();
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void whoever_may_loads_it_cold_then_without_a_call_then_with_upstream_off_and_others_do_not() {
    expectRefused(BOB, "RepositoryNotFoundError 404", "GatedRepoError 403");
    expectRefused(NOBODY, "RepositoryNotFoundError 401", "GatedRepoError 401");

    expectLoaded(ALICE);
    mirror.awaitIdle();
    assertThat(mirror.contentReads()).isNotEmpty();

    mirror.mark();
    expectLoaded(ALICE);
    mirror.expectSilence();

    // What was refused before is remembered for a moment only: these are new answers of the Hub.
    mirror.pass(Duration.ofSeconds(70));
    expectRefused(BOB, "RepositoryNotFoundError 404", "GatedRepoError 403");
    expectRefused(NOBODY, "RepositoryNotFoundError 401", "GatedRepoError 401");
    mirror.awaitIdle();

    mirror.hub().goDark();
    expectLoaded(ALICE);
    // The grant is renewed no more, and counts for an hour.
    mirror.pass(Duration.ofMinutes(50));
    expectLoaded(ALICE);
  }

  private void expectLoaded(Optional<String> token) {
    load(token)
        .forEach((id, loaded) -> {
          assertThat(loaded.refusal()).as(id).isEmpty();
          Map<String, String> expected = new TreeMap<>();
          repos.get(id).files("main").forEach((path, file) -> expected.put(path, file.sha256()));
          assertThat(loaded.digests()).as(id).containsKeys("config.json", WEIGHTS);
          assertThat(expected).as(id).containsAllEntriesOf(loaded.digests());
          if (!client.startsWith("transformers")) {
            assertThat(loaded.digests()).as(id).isEqualTo(expected);
          }
        });
  }

  private void expectRefused(Optional<String> token, String ofPrivate, String ofGated) {
    Map<String, Loaded> loaded = load(token);
    assertThat(loaded.get(PRIVATE).refusal()).as("%s %s", PRIVATE, token).isEqualTo(ofPrivate);
    assertThat(loaded.get(GATED).refusal()).as("%s %s", GATED, token).isEqualTo(ofGated);
  }

  /** Loads both repos, by their ids, with an empty cache. */
  private Map<String, Loaded> load(Optional<String> token) {
    Map<String, Loaded> loaded = new TreeMap<>();
    if (client.equals(CURL)) {
      repos.forEach((id, repo) -> loaded.put(id, byCurl(repo, token)));
      return loaded;
    }
    PythonClient.Call call = python.call().endpoint(mirror.uri());
    token.ifPresent(call::token);
    String script = client.startsWith("transformers") ? "from_pretrained.py" : "snapshots.py";
    call.script(script, PRIVATE, GATED)
        .expectSuccess()
        .json()
        .properties()
        .forEach(entry -> loaded.put(entry.getKey(), byPython(entry.getValue())));
    assertThat(loaded).containsOnlyKeys(PRIVATE, GATED);
    return loaded;
  }

  private static Loaded byPython(JsonNode result) {
    if (result.has("error")) {
      return refusal(result.get("error"));
    }
    Map<String, String> digests = new TreeMap<>();
    result
        .get("files")
        .properties()
        .forEach(file -> digests.put(file.getKey(), file.getValue().get("sha256").asString()));
    return new Loaded("", digests);
  }

  /** The exception of the Hub's client, from which transformers makes one of its own. */
  private static Loaded refusal(JsonNode error) {
    for (JsonNode e = error; !e.isNull(); e = e.get("cause")) {
      String type = e.get("type").asString();
      if (type.equals("RepositoryNotFoundError") || type.equals("GatedRepoError")) {
        return Loaded.refused(type, e.get("status").asInt());
      }
    }
    return new Loaded(error.toString(), Map.of());
  }

  private Loaded byCurl(DevRepo repo, Optional<String> token) {
    String[] headers =
        token
            .map(t -> new String[] {"-H", "Authorization: Bearer " + t})
            .orElseGet(() -> new String[0]);
    Map<String, String> digests = new TreeMap<>();
    for (Map.Entry<String, DevFile> file : repo.files("main").entrySet()) {
      String path = URLEncoder.encode(file.getKey(), UTF_8).replace("+", "%20").replace("%2F", "/");
      CurlClient.Answer answer =
          curl.get(mirror.uri() + "/" + repo.id() + "/resolve/main/" + path, headers);
      if (answer.status() != 200) {
        String exception =
            Map.of("RepoNotFound", "RepositoryNotFoundError", "GatedRepo", "GatedRepoError")
                .getOrDefault(answer.header("X-Error-Code"), answer.text());
        return Loaded.refused(exception, answer.status());
      }
      assertThat(answer.bytes()).as(file.getKey()).isEqualTo(file.getValue().allBytes());
      digests.put(file.getKey(), file.getValue().sha256());
    }
    return new Loaded("", digests);
  }
}
