package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.base.CacheSizes;
import io.intrahub.faults.MirrorProcess;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code intrahub token} in processes of its own, on the folder of a store that is in use. */
class TokenCommandIT {
  private static final int PROCESSES = 4;

  @TempDir Path tmp;

  @Test
  void processes_that_add_tokens_at_the_same_time_lose_none() throws Exception {
    Path data = tmp.resolve("data");
    Path log = Files.createFile(tmp.resolve("log"));
    try (FsStore _ =
        FsStore.open(
            data,
            Clock.systemUTC(),
            DiskBudgetSettings.DEFAULT,
            CacheSizes.ofHeap(64 << 20),
            Runnable::run)) {
      List<Process> running = new ArrayList<>();
      for (int i = 0; i < PROCESSES; i++) {
        running.add(
            MirrorProcess.launch(
                log,
                MirrorProcess.STARTS_QUICKLY,
                List.of("token", "add", "t" + i, "--data", data.toString())));
      }
      Set<String> tokens = new HashSet<>();
      for (Process process : running) {
        tokens.add(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("the command ended").isTrue();
        assertThat(process.exitValue()).as("%s", Files.readString(log)).isZero();
      }

      assertThat(tokens).hasSize(PROCESSES).allMatch(t -> t.matches("hf_intrahub\\w{32}\\R"));
      assertThat(Files.readString(data.resolve("access/tokens.json")))
          .contains("\"t0\"", "\"t1\"", "\"t2\"", "\"t3\"");
    }
  }
}
