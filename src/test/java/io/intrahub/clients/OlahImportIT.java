package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.faults.MirrorProcess;
import io.intrahub.testing.FreePorts;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code intrahub import --olah}: what a real Olah has stored is served where there is no Hub. */
class OlahImportIT {
  @TempDir Path tmp;
  private Path log;
  private PythonClient hf;

  @BeforeEach
  void start() throws IOException {
    log = Files.createFile(tmp.resolve("log"));
    hf = new PythonClient("hf-2.4.0", tmp);
    hf.assumeAvailable();
    OlahProcess.assumeAvailable(tmp);
  }

  /**
   * Has Olah store a repo, of which a client loads these files, and returns what they should be.
   */
  private OlahStore olahStore(String compression, String... files) throws IOException {
    int cdnPort = FreePorts.next();
    try (DevHub hub = DevHub.builder().cdnPort(cdnPort).strict(false).start()) {
      DevRepo repo = LoadedRepo.install(hub);
      try (OlahProcess olah =
          OlahProcess.start(tmp, hub.uri(), cdnPort, "--cache-compression", compression)) {
        // The made-up Hub has no Xet bytes.
        PythonClient.Call call = hf.call().endpoint(olah.uri()).env("HF_HUB_DISABLE_XET", "1");
        if (files.length == 0) {
          call.script("snapshot.py", LoadedRepo.ID).expectSuccess();
        } else {
          call.hf("download", LoadedRepo.ID, files[0]).expectSuccess();
        }
        // Olah keeps no empty files.
        Map<String, DevFile> kept = new TreeMap<>(repo.files("main"));
        kept.values().removeIf(file -> file.size() == 0);
        return new OlahStore(olah.repos(), kept);
      }
    }
  }

  private record OlahStore(Path folder, Map<String, DevFile> files) {}

  private String importFrom(Path store) throws Exception {
    Process process =
        MirrorProcess.launch(
            log,
            MirrorProcess.STARTS_QUICKLY,
            List.of(
                "import", "--olah", store.toString(), "--data", tmp.resolve("data").toString()));
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("the command ended").isTrue();
    assertThat(process.exitValue()).as("%s", Files.readString(log)).isZero();
    return out;
  }

  /** A mirror without a Hub, whose rule lets everybody read all repos, or none. */
  private MirrorProcess airGap(boolean open) throws IOException {
    Path config =
        Files.writeString(
            tmp.resolve("intrahub.yaml"),
            """
            mode: offline
            server: {host: 127.0.0.1, port: 0}
            store: {path: %s}
            access:
              mode: service
              service-token-file: %s
              rules: [{repos: ["%s"], gated: true, private: true}]
            """
                .formatted(
                    tmp.resolve("data"),
                    Files.writeString(tmp.resolve("token"), "hf_olahService"),
                    open ? "acme/*" : "other/*"));
    return MirrorProcess.serve(
        log, MirrorProcess.STARTS_QUICKLY, List.of("--config", config.toString()), Map.of());
  }

  private PythonClient.Call at(URI mirror) {
    return hf.call().endpoint(mirror);
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "gzip"})
  void what_olah_has_stored_loads_where_a_rule_opens_it(String compression) throws Exception {
    OlahStore store = olahStore(compression);

    assertThat(importFrom(store.folder())).contains("; new revisions: main");

    try (MirrorProcess mirror = airGap(true)) {
      ClientResult loaded = at(mirror.uri()).script("snapshot.py", LoadedRepo.ID);
      LoadedRepo.expectFiles(loaded.expectSuccess().json().get("files"), store.files());
    }
    try (MirrorProcess mirror = airGap(false)) {
      ClientResult refused = at(mirror.uri()).script("snapshot.py", LoadedRepo.ID);
      assertThat(refused.exitCode()).as(refused.stdout()).isNotZero();
    }
  }

  @Test
  void of_a_repo_of_which_one_file_was_loaded_that_one_is_imported() throws Exception {
    OlahStore store = olahStore("none", "config.json");

    assertThat(importFrom(store.folder())).contains("1 file of 1 commit");

    try (MirrorProcess mirror = airGap(true)) {
      at(mirror.uri()).hf("download", LoadedRepo.ID, "config.json").expectSuccess();
    }
  }
}
