package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.faults.MirrorProcess;
import io.intrahub.faults.SocketQueues;
import io.intrahub.store.fs.startup.StoreLock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code intrahub pull} as a process of its own, which a signal ends. */
@Timeout(180)
class PullCommandIT {
  private static final String ID = "acme/big";
  private static final long SIZE = 48L << 20;
  private static final long STALLED_AT = 24L << 20;

  @TempDir Path tmp;
  private Path log;
  private DevHub hub;

  @BeforeEach
  void start() throws IOException {
    log = Files.createFile(tmp.resolve("log"));
    hub = DevHub.builder().start();
    hub.repo("model", ID)
        .commit(
            "Add it",
            Map.of("big.bin", DevFile.lfsGenerated(7, SIZE), "config.json", DevFile.text("{}\n")));
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private Process pull() throws IOException {
    return MirrorProcess.launch(
        log,
        MirrorProcess.STARTS_QUICKLY,
        List.of("pull", "--data", tmp.resolve("data").toString(), ID),
        Map.of(
            "INTRAHUB_UPSTREAM_ENDPOINTS",
            "http://127.0.0.1:" + hub.port() + "#send-tokens",
            "HF_HOME",
            tmp.resolve("home").toString(),
            "HF_TOKEN",
            ""));
  }

  private static String output(Process process) throws IOException, InterruptedException {
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("the command ended").isTrue();
    return text;
  }

  private long fetchedBytes() {
    return hub.log().stream()
        .filter(r -> r.route() == Route.CDN)
        .mapToLong(Recorded::bytesSent)
        .sum();
  }

  /** Whether nothing that was sent is still on its way, as far as the system tells. */
  private boolean hasReadAll() {
    return !SocketQueues.areKnown()
        || SocketQueues.unread(hub.cdnPort())
            .filter(unread -> unread.values().stream().allMatch(bytes -> bytes == 0))
            .isPresent();
  }

  @Test
  void a_signal_during_the_start_of_its_mirror_stops_it_and_the_same_command_begins_anew()
      throws Exception {
    // A command that went on would wait here.
    Stall stall = hub.faults().on(Route.CDN).always().stallAfter(1);
    Path data = tmp.resolve("data");
    Process first = pull();
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(1))
        .until(() -> Files.exists(data.resolve("lock")) || !first.isAlive());
    int signal = MirrorProcess.interrupt(first);

    String stopped = output(first);

    assertThat(first.exitValue()).as(stopped).isEqualTo(128 + signal);
    assertThat(stopped)
        .as("%s", Files.readString(log))
        .contains("Stopped; what arrived stays, and the same command continues.");
    assertThat(StoreLock.isHeld(data)).isFalse();

    stall.release();
    hub.faults().clear();
    Process second = pull();
    String done = output(second);
    assertThat(second.exitValue()).as("%s%s", done, Files.readString(log)).isZero();
  }

  @Test
  void a_signal_stops_it_in_order_and_the_same_command_fetches_only_the_rest() throws Exception {
    Stall stall = hub.faults().on(Route.CDN).always().stallAt(STALLED_AT);
    Process first = pull();
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> fetchedBytes() >= STALLED_AT && hasReadAll() || !first.isAlive());
    int signal = MirrorProcess.interrupt(first);
    String stopped = output(first);
    assertThat(stopped)
        .as("%s", Files.readString(log))
        .contains("2 files, 48.0 MiB; stored already: 0 files, 0 B;")
        .contains("Stopped; what arrived stays, and the same command continues.");
    assertThat(first.exitValue()).isEqualTo(128 + signal);

    stall.release();
    hub.faults().clear();
    long before = fetchedBytes();
    Process second = pull();
    String done = output(second);
    assertThat(second.exitValue()).as("%s%s", done, Files.readString(log)).isZero();
    assertThat(done).contains("  big.bin, 48.0 MiB");
    // What was in flight: a piece of each connection.
    assertThat(fetchedBytes() - before).isLessThan(SIZE - STALLED_AT / 2);
  }
}
