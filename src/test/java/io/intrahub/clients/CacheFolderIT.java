package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code intrahub import} and {@code intrahub export} with cache folders of the real clients: what
 * one has downloaded, another loads without network from the folder that the store was exported to.
 */
class CacheFolderIT {
  static final List<String> VERSIONS = PythonClient.VERSIONS;

  @TempDir Path tmp;
  private CacheCommands commands;
  private DevHub hub;
  private DevRepo repo;

  @BeforeEach
  void start() throws IOException {
    hub = DevHub.builder().start();
    repo = LoadedRepo.install(hub);
    commands = new CacheCommands(tmp, hub);
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  @ParameterizedTest
  @FieldSource("VERSIONS")
  void what_a_client_has_downloaded_comes_out_the_same_and_loads_without_network_in_another(
      String version) throws Exception {
    PythonClient.Call download = commands.direct(version);
    download.script("snapshot.py", LoadedRepo.ID).expectSuccess();
    Path cache = download.home().resolve("hub");
    String data = tmp.resolve("data").toString();

    commands.expectDone("import", "--hf-cache", cache.toString(), "--data", data);
    Path exported = tmp.resolve("exported");
    commands.expectImportedDone(
        "export", "--hf-cache", exported.toString(), "--data", data, LoadedRepo.ID);

    CacheCommands.expectSame(exported, cache, LoadedRepo.CACHE_FOLDER);
    // Each reads what a different one has written.
    int next = (VERSIONS.indexOf(version) + 1) % VERSIONS.size();
    commands.expectLoadsOffline(VERSIONS.get(next), exported, repo);
  }

  @Test
  void what_the_mirror_has_fetched_is_exported_while_it_runs() throws Exception {
    Path data = tmp.resolve("data");
    Path exported = tmp.resolve("exported");
    try (MirrorProcess mirror =
        MirrorProcess.serve(data, hub.uri(), commands.log(), MirrorProcess.STARTS_QUICKLY)) {
      commands
          .client("hf-2.4.0")
          .call()
          .endpoint(mirror.uri())
          .script("snapshot.py", LoadedRepo.ID)
          .expectSuccess();
      mirror.awaitIdle();

      // The mirror selected its port, so the command does not find it and wants the folder.
      assertThat(commands.run("import", "--hf-cache", tmp.toString(), "--data", data.toString()))
          .as("the store is in use")
          .isEqualTo(78);
      commands.expectDone(
          "export", "--hf-cache", exported.toString(), "--data", data.toString(), LoadedRepo.ID);
    }

    for (String version : VERSIONS) {
      commands.expectLoadsOffline(version, exported, repo);
    }
  }

  private Path folder(Path cache, String name) {
    return cache.resolve(LoadedRepo.CACHE_FOLDER).resolve(name);
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @FieldSource("VERSIONS")
  void what_a_client_has_downloaded_without_symbolic_links_keeps_its_etags(String version)
      throws Exception {
    // As on the Hub. Old versions keep no list that says which files are in LFS.
    repo.commit(
        "Name all LFS files",
        Map.of(
            ".gitattributes",
            DevFile.text(
                "*.safetensors filter=lfs diff=lfs merge=lfs -text\n"
                    + "*.onnx filter=lfs diff=lfs merge=lfs -text\n")));
    PythonClient.Call download = commands.direct(version);
    download.script("snapshot_without_links.py", LoadedRepo.ID).expectSuccess();
    Path cache = download.home().resolve("hub");
    try (Stream<Path> all = Files.walk(cache)) {
      assertThat(all).noneMatch(Files::isSymbolicLink);
    }
    String data = tmp.resolve("data").toString();

    commands.expectDone("import", "--hf-cache", cache.toString(), "--data", data);
    Path exported = tmp.resolve("exported");
    commands.expectImportedDone(
        "export", "--hf-cache", exported.toString(), "--data", data, LoadedRepo.ID);

    assertThat(names(folder(exported, "blobs")))
        .isEqualTo(
            repo.files("main").values().stream().map(DevFile::etag).distinct().sorted().toList());
    int next = (VERSIONS.indexOf(version) + 1) % VERSIONS.size();
    commands.expectLoadsOffline(VERSIONS.get(next), exported, repo);
  }

  @Test
  void the_newest_client_finds_an_exported_folder_whole() throws Exception {
    Path data = tmp.resolve("data");
    Path exported = tmp.resolve("exported");
    try (MirrorProcess mirror =
        MirrorProcess.serve(data, hub.uri(), commands.log(), MirrorProcess.STARTS_QUICKLY)) {
      commands
          .client("hf-2.4.0")
          .call()
          .endpoint(mirror.uri())
          .script("snapshot.py", LoadedRepo.ID)
          .expectSuccess();
      mirror.awaitIdle();
      commands.expectDone(
          "export", "--hf-cache", exported.toString(), "--data", data.toString(), LoadedRepo.ID);

      // It compares the files with the list of the endpoint, which the mirror has without the Hub.
      hub.close();
      String files = String.valueOf(repo.files("main").size());
      assertThat(verify(mirror, exported).expectSuccess().stdout()).contains(files, "match");

      Path damaged = folder(exported, "blobs").resolve(repo.files("main").get("README.md").etag());
      Files.writeString(damaged, "# Tiny BURT\n");
      ClientResult found = verify(mirror, exported);
      assertThat(found.exitCode()).isEqualTo(1);
      assertThat(found.stdout() + found.stderr()).contains("README.md");
      mirror.stop();
    }

    // Without network, it learns from the exported list that no file is missing.
    PythonClient.Call offline =
        commands
            .client("hf-2.4.0")
            .call()
            .env("HF_HUB_OFFLINE", "1")
            .env("HF_HUB_CACHE", exported.toString());
    ClientResult listed =
        offline.code(
            """
            import report
            from huggingface_hub import get_cached_repo_tree
            report.of(lambda: {f.path: f.size for f in get_cached_repo_tree("acme/tiny-bert")})
            """);
    assertThat(listed.expectSuccess().json().propertyNames())
        .containsExactlyInAnyOrderElementsOf(repo.files("main").keySet());
    Files.delete(
        folder(exported, "snapshots")
            .resolve(repo.commitOf("main").orElseThrow())
            .resolve("README.md"));
    ClientResult incomplete = offline.script("snapshot.py", LoadedRepo.ID);
    assertThat(incomplete.json().get("error").get("type").asString())
        .isEqualTo("IncompleteSnapshotError");
  }

  private ClientResult verify(MirrorProcess mirror, Path cache) {
    return commands
        .client("hf-2.4.0")
        .call()
        .endpoint(mirror.uri())
        .hf(
            "cache",
            "verify",
            LoadedRepo.ID,
            "--cache-dir",
            cache.toString(),
            "--fail-on-missing-files",
            "--fail-on-extra-files");
  }

  @Test
  void a_download_to_a_plain_folder_is_imported() throws Exception {
    Path local = tmp.resolve("local");
    commands
        .direct("hf-2.4.0")
        .hf("download", LoadedRepo.ID, "--local-dir", local.toString())
        .expectSuccess();
    String data = tmp.resolve("data").toString();

    commands.expectDone(
        "import",
        "--local-dir",
        local.toString(),
        "--repo",
        LoadedRepo.ID + "@main",
        "--data",
        data);
    Path exported = tmp.resolve("exported");
    commands.expectImportedDone(
        "export", "--hf-cache", exported.toString(), "--data", data, LoadedRepo.ID);

    commands.expectLoadsOffline("hf-0.36.2", exported, repo);
  }

  @Test
  void a_dataset_comes_out_the_same_and_loads_without_network() throws Exception {
    DevRepo rows = hub.repo("dataset", "acme/rows");
    rows.commit(
        "Add rows",
        Map.of(
            "README.md", DevFile.text("# Rows\n"),
            "data/train.parquet", DevFile.lfsGenerated(31, 400_000)));
    PythonClient.Call download = commands.direct("hf-2.4.0");
    download.script("snapshot.py", rows.id(), CacheCommands.keywords("dataset")).expectSuccess();
    Path cache = download.home().resolve("hub");
    String data = tmp.resolve("data").toString();

    commands.expectDone("import", "--hf-cache", cache.toString(), "--data", data);
    Path exported = tmp.resolve("exported");
    commands.expectImportedDone(
        "export", "--hf-cache", exported.toString(), "--data", data, "datasets/acme/rows");

    CacheCommands.expectSame(exported, cache, "datasets--acme--rows");
    commands.expectLoadsOffline("hf-2.4.0", exported, rows, "dataset");
    commands.expectLoadsOffline("hf-0.23.5", exported, rows, "dataset");
  }

  @Test
  void blobs_that_a_client_shares_between_repos_go_in_and_out() throws Exception {
    DevFile shared = repo.files("main").get(LoadedRepo.LARGE);
    DevRepo copy = hub.repo("model", "acme/copy");
    copy.commit("Add it", Map.of("README.md", DevFile.text("# Copy\n"), "same.bin", shared));
    PythonClient.Call download = commands.direct("hf-2.4.0").env("HF_HUB_DISABLE_XET", "0");
    download.script("snapshots_shared.py", LoadedRepo.ID, copy.id()).expectSuccess();
    Path cache = download.home().resolve("hub");
    Path one = folder(cache, "blobs").resolve(shared.etag());
    Path other = cache.resolve("models--acme--copy/blobs").resolve(shared.etag());
    assertThat(one).isSymbolicLink().hasSameBinaryContentAs(other);
    assertThat(other).isSymbolicLink();
    assertThat(one.toRealPath())
        .as("as the client lays it out")
        .isEqualTo(other.toRealPath())
        .isEqualTo(
            cache
                .toRealPath()
                .resolve("blobs")
                .resolve(shared.xetHash().substring(0, 2))
                .resolve(shared.xetHash()));
    String data = tmp.resolve("data").toString();

    commands.expectDone("import", "--hf-cache", cache.toString(), "--data", data);
    Path exported = tmp.resolve("exported");
    commands.expectImportedDone(
        "export", "--hf-cache", exported.toString(), "--data", data, LoadedRepo.ID, copy.id());

    for (String name : List.of(LoadedRepo.CACHE_FOLDER, "models--acme--copy")) {
      CacheCommands.expectSame(exported, cache, name);
    }
    for (String version : List.of("hf-2.4.0", "hf-0.23.5")) {
      commands.expectLoadsOffline(version, exported, repo);
      commands.expectLoadsOffline(version, exported, copy);
    }
    // An export to the client's own folder leaves the blobs shared.
    commands.expectImportedDone(
        "export", "--hf-cache", cache.toString(), "--data", data, LoadedRepo.ID, copy.id());
    assertThat(one).isSymbolicLink();
    commands.expectLoadsOffline("hf-2.4.0", cache, copy);
  }

  @ParameterizedTest
  @ValueSource(strings = {"transformers-4.57", "transformers-5"})
  void transformers_loads_without_network_what_it_has_loaded_through_the_mirror(String version)
      throws Exception {
    DemoRepos.install(hub);
    Path data = tmp.resolve("data");
    String model = "demo/tiny-bert";
    String loaded;
    try (MirrorProcess mirror =
        MirrorProcess.serve(data, hub.uri(), commands.log(), MirrorProcess.STARTS_QUICKLY)) {
      PythonClient.Call call = commands.client(version).call().endpoint(mirror.uri());
      loaded = call.script("transformers_load.py", model).expectSuccess().stdout();
      mirror.awaitIdle();
      mirror.stop();
    }
    Path exported = tmp.resolve("exported");

    int status =
        commands.run("export", "--hf-cache", exported.toString(), "--data", data.toString(), model);

    // What it never asked for is not stored.
    assertThat(status).as("%s", commands.printed()).isEqualTo(1);
    assertThat(commands.printed()).contains("lacks README.md: it is not stored");
    PythonClient.Call offline =
        commands
            .client(version)
            .call()
            .env("HF_HUB_OFFLINE", "1")
            .env("HF_HUB_CACHE", exported.toString());
    assertThat(offline.script("transformers_load.py", model).expectSuccess().stdout())
        .isEqualTo(loaded);
  }
}
