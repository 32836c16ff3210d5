package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.cachefolder.CacheView;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.faults.MirrorProcess;
import io.intrahub.store.fs.startup.StoreLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code intrahub export --view} as a process of its own, which a signal ends. */
@Timeout(180)
class ViewExportIT {
  /** Of runs that are to be stopped in the middle, which takes a fraction of a second. */
  private static final int MOST_TRIES = 20;

  @TempDir Path tmp;
  private Path log;

  private Process run(DevHub hub, String... arguments) throws Exception {
    return MirrorProcess.launch(
        log,
        MirrorProcess.STARTS_QUICKLY,
        List.of(arguments),
        Map.of(
            "INTRAHUB_UPSTREAM_ENDPOINTS",
            "http://127.0.0.1:" + hub.port() + "#send-tokens",
            "INTRAHUB_STORE_PATH",
            data().toString(),
            "HF_HOME",
            tmp.resolve("home").toString(),
            "HF_TOKEN",
            ""));
  }

  private Path data() {
    return tmp.resolve("data");
  }

  private int statusOf(Process process) throws InterruptedException {
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("the command ended").isTrue();
    return process.exitValue();
  }

  /** Sends a signal when the folder is there, and waits for the end. */
  private void signal(Process export) throws Exception {
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(1))
        .until(() -> Files.exists(CacheView.folder(data())) || !export.isAlive());
    int signal = MirrorProcess.interrupt(export);
    int status = statusOf(export);
    assertThat(StoreLock.isHeld(data())).isFalse();
    if (wasStoppedInTheMiddle()) {
      assertThat(status).as(Files.readString(log)).isEqualTo(128 + signal);
    } else {
      // The signal was late: all was done before it arrived.
      assertThat(status).as(Files.readString(log)).isIn(0, 128 + signal);
      CacheView.remove(data());
    }
  }

  private boolean wasStoppedInTheMiddle() throws IOException {
    return Files.readString(log).contains("could not be brought up to date");
  }

  @Test
  void a_signal_closes_its_mirror_in_order_and_the_same_command_does_the_rest() throws Exception {
    log = Files.createFile(tmp.resolve("log"));
    try (DevHub hub = DevHub.builder().start()) {
      hub.repo("model", "acme/tiny").commit("Add it", "a.bin", DevFile.lfsGenerated(7, 100_000));
      assertThat(statusOf(run(hub, "pull", "acme/tiny"))).as(Files.readString(log)).isZero();
      for (int i = 0; i < MOST_TRIES && !wasStoppedInTheMiddle(); i++) {
        signal(run(hub, "export", "--view"));
      }
      assertThat(Files.readString(log))
          .contains("could not be brought up to date: the run was stopped")
          .contains("the same command continues");
      assertThat(statusOf(run(hub, "export", "--view"))).as(Files.readString(log)).isZero();
      assertThat(CacheView.folder(data()).resolve("models--acme--tiny/snapshots"))
          .isNotEmptyDirectory();
    }
  }
}
