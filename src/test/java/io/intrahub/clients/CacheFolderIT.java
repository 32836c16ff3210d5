package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
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

  private static final int KILLS = Integer.getInteger("intrahub.kill.rounds", 50);

  @TempDir Path tmp;
  private Path log;
  private DevHub hub;
  private DevRepo repo;

  @BeforeEach
  void start() throws IOException {
    log = Files.createFile(tmp.resolve("log"));
    hub = DevHub.builder().start();
    repo = LoadedRepo.install(hub);
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  /** Runs a command to its end and returns its exit status. */
  private int intrahub(String... arguments) throws IOException, InterruptedException {
    Process process = MirrorProcess.launch(log, MirrorProcess.STARTS_QUICKLY, List.of(arguments));
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("the command ended").isTrue();
    Files.writeString(log, out, java.nio.file.StandardOpenOption.APPEND);
    return process.exitValue();
  }

  private void expectDone(String... arguments) throws IOException, InterruptedException {
    assertThat(intrahub(arguments)).as("%s", Files.readString(log)).isZero();
  }

  /** All was exported; of what was only imported, the Hub's list of the files is not stored. */
  private void expectImportedDone(String... arguments) throws IOException, InterruptedException {
    int status = intrahub(arguments);
    assertThat(status).as("%s", Files.readString(log)).isEqualTo(1);
    assertThat(Files.readString(log)).contains("may have more files").doesNotContain(" lacks ");
  }

  private PythonClient client(String version) {
    PythonClient hf = new PythonClient(version, tmp);
    hf.assumeAvailable();
    return hf;
  }

  /** Without the mirror; the made-up Hub has no Xet bytes. */
  private PythonClient.Call direct(String version) {
    return client(version).call().endpoint(hub.uri()).env("HF_HUB_DISABLE_XET", "1");
  }

  private void expectLoadsOffline(String version, Path cache) {
    ClientResult loaded =
        client(version)
            .call()
            .env("HF_HUB_OFFLINE", "1")
            .env("HF_HUB_CACHE", cache.toString())
            .script("snapshot.py", LoadedRepo.ID);
    LoadedRepo.expectFiles(loaded.expectSuccess().json().get("files"), repo.files("main"));
  }

  /** What clients read of a folder: the bytes by path below its repos, through all links. */
  private static Map<String, byte[]> content(Path cache) throws IOException {
    Map<String, byte[]> content = new TreeMap<>();
    for (String part : List.of("blobs", "refs", "snapshots")) {
      Path folder = cache.resolve("models--acme--tiny-bert").resolve(part);
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path file :
            all.filter(f -> !Files.isDirectory(f, LinkOption.NOFOLLOW_LINKS)).toList()) {
          content.put(cache.relativize(file).toString(), Files.readAllBytes(file));
        }
      }
    }
    return content;
  }

  private static void expectSame(Path cache, Path other) throws IOException {
    Map<String, byte[]> expected = content(other);
    Map<String, byte[]> found = content(cache);
    assertThat(found.keySet()).isEqualTo(expected.keySet());
    expected.forEach((name, bytes) -> assertThat(found.get(name)).as(name).isEqualTo(bytes));
  }

  @ParameterizedTest
  @FieldSource("VERSIONS")
  void what_a_client_has_downloaded_comes_out_the_same_and_loads_without_network_in_another(
      String version) throws Exception {
    PythonClient.Call download = direct(version);
    download.script("snapshot.py", LoadedRepo.ID).expectSuccess();
    Path cache = download.home().resolve("hub");
    String data = tmp.resolve("data").toString();

    expectDone("import", "--hf-cache", cache.toString(), "--data", data);
    Path exported = tmp.resolve("exported");
    expectImportedDone("export", "--hf-cache", exported.toString(), "--data", data, LoadedRepo.ID);

    expectSame(exported, cache);
    // Each reads what a different one has written.
    int next = (VERSIONS.indexOf(version) + 1) % VERSIONS.size();
    expectLoadsOffline(VERSIONS.get(next), exported);
  }

  @Test
  void what_the_mirror_has_fetched_is_exported_while_it_runs() throws Exception {
    Path data = tmp.resolve("data");
    Path exported = tmp.resolve("exported");
    try (MirrorProcess mirror =
        MirrorProcess.serve(data, hub.uri(), log, MirrorProcess.STARTS_QUICKLY)) {
      client("hf-2.4.0")
          .call()
          .endpoint(mirror.uri())
          .script("snapshot.py", LoadedRepo.ID)
          .expectSuccess();
      mirror.awaitIdle();

      // The mirror selected its port, so the command does not find it and wants the folder.
      assertThat(intrahub("import", "--hf-cache", tmp.toString(), "--data", data.toString()))
          .as("the store is in use")
          .isEqualTo(78);
      expectDone(
          "export", "--hf-cache", exported.toString(), "--data", data.toString(), LoadedRepo.ID);
    }

    for (String version : VERSIONS) {
      expectLoadsOffline(version, exported);
    }
  }

  private Path folder(Path cache, String name) {
    return cache.resolve("models--acme--tiny-bert").resolve(name);
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
    PythonClient.Call download = direct(version);
    download.script("snapshot_without_links.py", LoadedRepo.ID).expectSuccess();
    Path cache = download.home().resolve("hub");
    try (Stream<Path> all = Files.walk(cache)) {
      assertThat(all).noneMatch(Files::isSymbolicLink);
    }
    String data = tmp.resolve("data").toString();

    expectDone("import", "--hf-cache", cache.toString(), "--data", data);
    Path exported = tmp.resolve("exported");
    expectImportedDone("export", "--hf-cache", exported.toString(), "--data", data, LoadedRepo.ID);

    assertThat(names(folder(exported, "blobs")))
        .isEqualTo(
            repo.files("main").values().stream().map(DevFile::etag).distinct().sorted().toList());
    int next = (VERSIONS.indexOf(version) + 1) % VERSIONS.size();
    expectLoadsOffline(VERSIONS.get(next), exported);
  }

  @Test
  void the_newest_client_finds_an_exported_folder_whole() throws Exception {
    Path data = tmp.resolve("data");
    Path exported = tmp.resolve("exported");
    try (MirrorProcess mirror =
        MirrorProcess.serve(data, hub.uri(), log, MirrorProcess.STARTS_QUICKLY)) {
      client("hf-2.4.0")
          .call()
          .endpoint(mirror.uri())
          .script("snapshot.py", LoadedRepo.ID)
          .expectSuccess();
      mirror.awaitIdle();
      expectDone(
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
        client("hf-2.4.0")
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
    return client("hf-2.4.0")
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
    direct("hf-2.4.0")
        .hf("download", LoadedRepo.ID, "--local-dir", local.toString())
        .expectSuccess();
    String data = tmp.resolve("data").toString();

    expectDone(
        "import",
        "--local-dir",
        local.toString(),
        "--repo",
        LoadedRepo.ID + "@main",
        "--data",
        data);
    Path exported = tmp.resolve("exported");
    expectImportedDone("export", "--hf-cache", exported.toString(), "--data", data, LoadedRepo.ID);

    expectLoadsOffline("hf-0.36.2", exported);
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
        MirrorProcess.serve(data, hub.uri(), log, MirrorProcess.STARTS_QUICKLY)) {
      PythonClient.Call call = client(version).call().endpoint(mirror.uri());
      loaded = call.script("transformers_load.py", model).expectSuccess().stdout();
      mirror.awaitIdle();
      mirror.stop();
    }
    Path exported = tmp.resolve("exported");

    int status =
        intrahub("export", "--hf-cache", exported.toString(), "--data", data.toString(), model);

    // What it never asked for is not stored.
    assertThat(status).as("%s", Files.readString(log)).isEqualTo(1);
    assertThat(Files.readString(log)).contains("lacks README.md: it is not stored");
    PythonClient.Call offline =
        client(version).call().env("HF_HUB_OFFLINE", "1").env("HF_HUB_CACHE", exported.toString());
    assertThat(offline.script("transformers_load.py", model).expectSuccess().stdout())
        .isEqualTo(loaded);
  }

  private void kill(Random random, String... arguments) throws Exception {
    Process process = MirrorProcess.launch(log, MirrorProcess.STARTS_QUICKLY, List.of(arguments));
    // A random moment, not a wait for something.
    process.waitFor(random.nextInt(1_500), TimeUnit.MILLISECONDS);
    process.toHandle().destroyForcibly();
    process.waitFor();
  }

  @Test
  void both_are_continued_after_kills_at_random_moments() throws Exception {
    long seed = System.nanoTime();
    System.out.printf(
        "CacheFolderIT: %d kills each, seed %d; fewer with -Dintrahub.kill.rounds=8%n",
        KILLS, seed);
    Random random = new Random(seed);
    Map<String, DevFile> many = new TreeMap<>();
    for (int i = 0; i < 60; i++) {
      many.put("part-%02d.safetensors".formatted(i), DevFile.lfsGenerated(100 + i, 1_000_000));
    }
    repo.commit("Add many", many);
    PythonClient.Call download = direct("hf-2.4.0");
    download.script("snapshot.py", LoadedRepo.ID).expectSuccess();
    Path cache = download.home().resolve("hub");
    String data = tmp.resolve("data").toString();
    Path exported = tmp.resolve("exported");

    for (int i = 0; i < KILLS; i++) {
      kill(random, "import", "--hf-cache", cache.toString(), "--data", data);
    }
    expectDone("import", "--hf-cache", cache.toString(), "--data", data);
    List<String> export =
        new ArrayList<>(
            List.of("export", "--hf-cache", exported.toString(), "--data", data, LoadedRepo.ID));
    for (int i = 0; i < KILLS; i++) {
      kill(random, export.toArray(String[]::new));
    }
    expectImportedDone(export.toArray(String[]::new));

    expectSame(exported, cache);
    expectLoadsOffline("hf-2.4.0", exported);
  }
}
