package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code intrahub gc} as a process of its own. */
@Timeout(180)
class CollectCommandIT {
  @TempDir Path tmp;
  private Path log;

  private String intrahub(DevHub hub, String... arguments)
      throws IOException, InterruptedException {
    Process process =
        MirrorProcess.launch(
            log,
            MirrorProcess.STARTS_QUICKLY,
            List.of(arguments),
            Map.of(
                "INTRAHUB_UPSTREAM_ENDPOINTS",
                hub.uri().toString(),
                "INTRAHUB_STORE_PATH",
                tmp.resolve("data").toString(),
                "HF_HOME",
                tmp.resolve("home").toString(),
                "HF_TOKEN",
                ""));
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("the command ended").isTrue();
    assertThat(process.exitValue()).as("%s%s", out, Files.readString(log)).isZero();
    return out;
  }

  @Test
  void its_report_has_no_lines_of_the_log_between() throws Exception {
    log = Files.createFile(tmp.resolve("log"));
    try (DevHub hub = DevHub.builder().start()) {
      hub.repo("model", "acme/tiny").commit("Add it", "a.bin", DevFile.lfsGenerated(7, 900_000));
      intrahub(hub, "pull", "acme/tiny");

      String out = intrahub(hub, "gc", "--to", "400KB");

      assertThat(out).contains("acme/tiny: a.bin");
      assertThat(log).isEmptyFile();
    }
  }
}
