package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
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
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;

/**
 * What one process loaded, the next one has from the mirror: counted at the Hub and at its CDN,
 * with each version of the client, each load in a new process with a new cache folder.
 */
@ParameterizedClass
@FieldSource("VERSIONS")
class SecondLoadIT {
  static final List<String> VERSIONS = PythonClient.VERSIONS;

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
  }

  @AfterEach
  void stop() {
    if (mirror != null) {
      mirror.close();
    }
  }

  @Test
  void the_second_load_asks_upstream_nothing_and_neither_does_one_after_a_restart() {
    load("main");

    List<DevFile> files = List.copyOf(repo.files("main").values());
    assertThat(files).hasSize(20);
    assertThat(mirror.contentReads()).as("reads of contents").hasSize(19);
    assertThat(MirrorUnderTest.bytes(mirror.contentReads())).isEqualTo(LoadedRepo.bytes(files));
    assertThat(mirror.storedBlobs()).isEqualTo(LoadedRepo.blobNames(files));

    load("main");
    mirror.expectSilence();

    mirror.restart();
    load("main");
    mirror.expectSilence();
  }

  @Test
  void revisions_that_share_contents_fetch_and_store_them_once() {
    String first = repo.commitOf("main").orElseThrow();
    repo.tag("v1.0", first);
    DevFile config = DevFile.text("{\"model_type\": \"bert\", \"layers\": 2}\n");
    DevFile adapter = DevFile.lfsGenerated(3, 1_500_000);
    repo.commit("Change and add", Map.of("config.json", config, "adapter.bin", adapter));

    load("v1.0");
    load("main");

    assertThat(mirror.contentReads()).hasSize(2);
    assertThat(MirrorUnderTest.bytes(mirror.contentReads()))
        .isEqualTo(config.size() + adapter.size());
    List<DevFile> all = new ArrayList<>(repo.files("v1.0").values());
    all.addAll(repo.files("main").values());
    assertThat(mirror.storedBlobs()).isEqualTo(LoadedRepo.blobNames(all));
  }

  @Test
  void after_a_commit_only_the_changed_file_is_fetched() {
    String before = repo.commitOf("main").orElseThrow();
    load("main");
    DevFile changed = DevFile.lfsGenerated(4, 2_000_000);
    String after = repo.commit("Train longer", LoadedRepo.LARGE, changed);

    mirror.pass(Duration.ofSeconds(61));
    mirror.mark();
    ClientResult during = LoadedRepo.load(hf.call().endpoint(mirror.uri()), "main");
    // A load that begins before the commit is known sees the old one, whole.
    LoadedRepo.expectWhole(during, repo, before);
    // What changed is fetched behind the client's back, before anybody sees the commit.
    await().until(() -> MirrorUnderTest.bytes(mirror.contentReads()) == changed.size());
    mirror.awaitIdle();
    assertThat(mirror.contentReads()).hasSize(1);

    mirror.pass(Duration.ofSeconds(6));
    load("main");

    assertThat(repo.commitOf("main")).contains(after);
    mirror.expectSilence();
  }

  @Test
  void one_large_file_costs_one_first_hop_and_one_read() {
    costsOneFirstHopAndOneRead(LoadedRepo.LARGE, Route.CDN);
  }

  @Test
  void one_small_file_costs_one_first_hop_and_one_read() {
    costsOneFirstHopAndOneRead(LoadedRepo.REGULAR, Route.RESOLVE_CACHE);
  }

  private void costsOneFirstHopAndOneRead(String path, Route read) {
    mirror.mark();
    download(path);
    mirror.awaitIdle();
    // The listing is learned behind, for the probes and the loads to come.
    assertThat(mirror.upstreamByRoute())
        .isEqualTo(Map.of(Route.RESOLVE, 1L, read, 1L, Route.TREE, 1L));

    mirror.mark();
    download(path);
    mirror.expectSilence();
  }

  private void download(String path) {
    JsonNode file =
        hf.call()
            .endpoint(mirror.uri())
            .script("download.py", LoadedRepo.ID, path)
            .expectSuccess()
            .json();
    assertThat(file.get("sha256").asString())
        .isEqualTo(repo.file("main", path).orElseThrow().sha256());
  }

  /** Loads all, looks at the empty file as hf-hub does, and waits for what goes on behind. */
  private void load(String revision) {
    mirror.mark();
    LoadedRepo.expectWhole(
        LoadedRepo.load(hf.call().endpoint(mirror.uri()), revision), repo, revision);
    String empty = LoadedRepo.ID + "/resolve/" + revision + "/" + LoadedRepo.EMPTY;
    CurlClient.Answer answer = curl.get(mirror.uri() + "/" + empty, "-r", "0-0");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Length")).isEqualTo("0");
    mirror.awaitIdle();
  }
}
