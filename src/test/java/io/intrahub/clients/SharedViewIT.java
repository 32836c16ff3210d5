package io.intrahub.clients;

import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code store.view}: real clients load from the folder that a mirror keeps, without a server. */
class SharedViewIT {
  @TempDir Path tmp;
  private Path log;

  @BeforeEach
  void start() throws IOException {
    log = Files.createFile(tmp.resolve("log"));
    client("hf-2.4.0");
  }

  private PythonClient client(String version) {
    PythonClient hf = new PythonClient(version, tmp);
    hf.assumeAvailable();
    return hf;
  }

  private void expectLoads(String version, Path cache, DevRepo repo) {
    ClientResult loaded =
        client(version)
            .call()
            .env("HF_HUB_OFFLINE", "1")
            .env("HF_HUB_CACHE", cache.toString())
            .script("snapshot.py", LoadedRepo.ID);
    LoadedRepo.expectFiles(loaded.expectSuccess().json().get("files"), repo.files("main"));
  }

  @Test
  void what_one_client_loaded_others_load_from_the_folder_also_after_a_kill() throws Exception {
    Path data = tmp.resolve("data");
    Path shown = data.resolve("view/hub/models--acme--tiny-bert/refs/main");
    try (DevHub hub = DevHub.builder().start()) {
      DevRepo repo = LoadedRepo.install(hub);
      Map<String, String> view = Map.of("INTRAHUB_STORE_VIEW", "open-repos");
      try (MirrorProcess mirror =
          MirrorProcess.serve(data, hub.uri(), log, MirrorProcess.STARTS_QUICKLY, view)) {
        client("hf-2.4.0")
            .call()
            .endpoint(mirror.uri())
            .script("snapshot.py", LoadedRepo.ID)
            .expectSuccess();
        // The client has all before the store has.
        mirror.awaitIdle();
        mirror.kill();
      }
      try (MirrorProcess mirror =
          MirrorProcess.serve(data, hub.uri(), log, MirrorProcess.STARTS_QUICKLY, view)) {
        await().atMost(Duration.ofSeconds(30)).until(() -> Files.exists(shown));
        mirror.stop();
      }
      for (String version : PythonClient.VERSIONS) {
        expectLoads(version, data.resolve("view/hub"), repo);
      }
      // Without the option, nothing is left that would keep space.
      try (MirrorProcess mirror =
          MirrorProcess.serve(data, hub.uri(), log, MirrorProcess.STARTS_QUICKLY)) {
        await().atMost(Duration.ofSeconds(30)).until(() -> !Files.exists(data.resolve("view")));
        mirror.stop();
      }
    }
  }
}
