package io.intrahub.loaders;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.clients.ClientResult;
import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import io.intrahub.testing.MirrorUnderTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * transformers, of the newest generation and of the one before it, loads a tiny real model: its
 * configuration, its tokenizer and its weights. {@code ClientsTableIT} has its plain loads.
 */
@ParameterizedClass
@ValueSource(strings = {"transformers-5", "transformers-4.57"})
class TransformersIT {
  private static final String ID = "demo/tiny-bert";
  private static final String WEIGHTS = "model.safetensors";

  @Parameter String version;
  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private PythonClient transformers;

  @BeforeEach
  void start() {
    transformers = new PythonClient(version, tmp);
    transformers.assumeAvailable();
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    DemoRepos.install(mirror.hub());
  }

  @AfterEach
  void stop() {
    if (mirror != null) {
      mirror.close();
    }
  }

  /**
   * Version 5 begins each load with {@code GET /api/models/{id}}, also when it has everything, and
   * does not ask twice.
   */
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void what_the_client_asks_only_once_does_not_fail_because_upstream_does() {
    mirror.hub().faults().on(Route.REPO_INFO).times(3).status(503);
    PythonClient.Call first = call();
    expectLoaded(load(first));
    mirror.awaitIdle();

    mirror.hub().faults().everywhere().status(503);
    mirror.pass(Duration.ofHours(3));
    expectLoaded(load(call().inHome(first.home())));

    mirror.hub().faults().clear();
    mirror.pass(Duration.ofHours(3));
    mirror.hub().blackHole(true);
    expectLoaded(load(call().inHome(first.home())));
  }

  /** The client asks for each file by the name of the branch. */
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_branch_that_moves_in_the_middle_of_a_load_gives_the_client_one_commit() throws Exception {
    AtomicBoolean moved = new AtomicBoolean();
    mirror
        .hub()
        .onRequest(request -> {
          if (request.path().contains("/main") && moved.compareAndSet(false, true)) {
            mirror
                .hub()
                .repo("model", ID)
                .commit("Change all", "config.json", DevFile.text("{\"model_type\": \"gpt2\"}\n"));
            mirror.pass(Duration.ofSeconds(61));
          }
        });
    PythonClient.Call call = call();
    expectLoaded(load(call));
    assertThat(moved).isTrue();
    Path snapshots = call.home().resolve("hub/models--demo--tiny-bert/snapshots");
    try (Stream<Path> commits = Files.list(snapshots)) {
      assertThat(commits).hasSize(1);
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void the_client_is_the_one_its_folder_says() {
    String expected = version.substring(version.indexOf('-') + 1);
    ClientResult result = call().code("import transformers; print(transformers.__version__)");
    assertThat(result.expectSuccess().stdout().strip()).startsWith(expected + ".");
  }

  /** torch is too large for each CI run, so this runs where somebody has installed it. */
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void the_whole_model_loads_where_torch_is() {
    boolean torch = call().code("import torch").exitCode() == 0;
    Assumptions.assumeTrue(
        torch,
        () ->
            ("no torch in target/clients/%s, so neither models of transformers nor diffusers, peft"
                    + " or sentence-transformers are run: %s; pip can add it there")
                .formatted(version, PythonClient.NO_TORCH));

    expectHidden(load(call(), "--model"));
    mirror.awaitIdle();
    mirror.mark();
    expectHidden(load(call(), "--model"));
    mirror.expectSilence();
    mirror.hub().goDark();
    mirror.pass(Duration.ofHours(3));
    expectHidden(load(call(), "--model"));
  }

  private PythonClient.Call call() {
    return transformers.call();
  }

  private ClientResult load(PythonClient.Call call, String... more) {
    String[] args = new String[more.length + 1];
    args[0] = ID;
    System.arraycopy(more, 0, args, 1, more.length);
    return call.endpoint(mirror.uri()).script("transformers_load.py", args);
  }

  private void expectLoaded(ClientResult result) {
    JsonNode loaded = result.expectSuccess().json();
    assertThat(loaded.get("config").toString()).isEqualTo("{\"type\":\"bert\",\"hidden\":64}");
    assertThat(loaded.get("tokens").toString())
        .isEqualTo("[\"[CLS]\",\"hello\",\"world\",\"[SEP]\"]");
    assertThat(loaded.get("shapes").get("embeddings.word_embeddings.weight").toString())
        .isEqualTo("[6000,64]");
    DevFile weights = mirror.hub().repo("model", ID).file("main", WEIGHTS).orElseThrow();
    assertThat(loaded.get("sha256").asString()).isEqualTo(weights.sha256());
  }

  private void expectHidden(ClientResult result) {
    expectLoaded(result);
    assertThat(result.json().get("hidden").toString()).isEqualTo("[1,4,64]");
  }
}
