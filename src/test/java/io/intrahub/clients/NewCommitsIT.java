package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.testing.MirrorUnderTest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;

/** A branch that moves, as each version of the client sees it. */
@ParameterizedClass
@FieldSource("VERSIONS")
class NewCommitsIT {
  static final List<String> VERSIONS = PythonClient.VERSIONS;

  /** Downloads files one by one by the name of the branch, and prints the commits it got. */
  private static final String ONE_BY_ONE =
      """
      import json, sys
      from huggingface_hub import hf_hub_download
      files = [hf_hub_download(sys.argv[1], path) for path in sys.argv[2:]]
      commits = {file.split("/snapshots/")[1].split("/")[0] for file in files}
      print(json.dumps({"commits": sorted(commits)}))
      """;

  @Parameter String version;
  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private DevRepo repo;
  private String first;
  private PythonClient hf;

  @BeforeEach
  void start() {
    hf = new PythonClient(version, tmp);
    hf.assumeAvailable();
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    repo = LoadedRepo.install(mirror.hub());
    first = repo.commitOf("main").orElseThrow();
  }

  @AfterEach
  void stop() {
    if (mirror != null) {
      mirror.close();
    }
  }

  private ClientResult load(String commit) {
    ClientResult result = LoadedRepo.load(hf.call().endpoint(mirror.uri()), "main");
    LoadedRepo.expectWhole(result, repo, commit);
    return result;
  }

  @Test
  void when_the_hub_goes_away_before_a_changed_file_has_come_the_commit_before_loads() {
    load(first);
    mirror.awaitIdle();
    String second = repo.commit("Say more", "README.md", DevFile.text("# Tiny BERT, a model\n"));
    mirror.hub().faults().on(Route.RESOLVE, Route.RESOLVE_CACHE).always().disconnect();
    mirror.pass(Duration.ofSeconds(61));
    load(first);
    mirror.awaitIdle();
    mirror.hub().goDark();

    mirror.pass(Duration.ofSeconds(30));
    load(first);
    mirror.pass(Duration.ofMinutes(20));
    ClientResult stale = load(first);
    // Older versions don't know the header.
    if (List.of("hf-2.4.0", "hf-1.33.0").contains(version)) {
      assertThat(stale.stderr()).contains("The Hub has a newer commit").contains(second);
    }

    mirror.hub().faults().clear();
    mirror.hub().comeBack();
    mirror.pass(Duration.ofMinutes(2));
    // Nobody was told the old commit lately, so the new one is shown once its file has come.
    load(second);
    mirror.awaitIdle();
    mirror.mark();
    load(second);
    assertThat(mirror.upstream(Route.RESOLVE, Route.RESOLVE_CACHE, Route.CDN)).isEmpty();
  }

  @Test
  void files_that_are_loaded_one_by_one_are_of_one_commit_although_the_branch_moves() {
    AtomicBoolean moved = new AtomicBoolean();
    mirror
        .hub()
        .onRequest(request -> {
          if (request.route() == Route.RESOLVE && moved.compareAndSet(false, true)) {
            repo.commit("Change it", "onnx/config.json", DevFile.text("{\"changed\": true}\n"));
            mirror.pass(Duration.ofSeconds(61));
          }
        });
    ClientResult result =
        hf.call()
            .endpoint(mirror.uri())
            .code(
                ONE_BY_ONE,
                LoadedRepo.ID,
                LoadedRepo.REGULAR,
                "onnx/config.json",
                "README.md",
                LoadedRepo.SMALL_LFS);
    JsonNode commits = result.expectSuccess().json().get("commits");
    assertThat(commits).hasSize(1);
    assertThat(commits.get(0).asString()).isEqualTo(first);
    assertThat(moved).isTrue();
  }
}
