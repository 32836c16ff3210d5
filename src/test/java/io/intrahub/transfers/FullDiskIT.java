package io.intrahub.transfers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store on a small file system of its own, which is really full: a tmpfs, for root only. */
class FullDiskIT {
  private static final DevFile SMALL = DevFile.lfsGenerated(1, 8_000_000);
  private static final DevFile LARGE = DevFile.lfsGenerated(2, 200_000_000);

  private static final DevFile MIDDLE = DevFile.lfsGenerated(3, 30_000_000);

  /** Any of these tells an operator what is the matter. */
  private static final String[] TOLD = {"no space left", "disk space", "disk is full"};

  @TempDir private Path tmp;

  private Path data;
  private DevHub hub;

  @BeforeEach
  void mount() throws Exception {
    data = Files.createDirectory(tmp.resolve("disk"));
    String complaint = run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", data.toString());
    assumeThat(complaint).as("why no tmpfs can be mounted: %s", complaint).isEmpty();
    hub = DevHub.builder().start();
    hub.repo("model", "acme/full")
        .commit("main", "m", Map.of("small.bin", SMALL, "large.bin", LARGE, "middle.bin", MIDDLE));
  }

  @AfterEach
  void unmount() throws Exception {
    if (hub != null) {
      hub.close();
      assertThat(run("umount", data.toString())).isEmpty();
    }
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes()).strip();
    return process.waitFor() == 0 ? "" : command[0] + ": " + said;
  }

  private MirrorProcess serve(Path log) throws IOException {
    return MirrorProcess.serve(
        data, hub.uri(), log, List.of(), Map.of("INTRAHUB_STORE_MIN_FREE", "1MiB"));
  }

  private void whole(MirrorProcess mirror, String path, DevFile file) throws IOException {
    try (Download d = Download.of(mirror.uri(), "/acme/full/resolve/main/" + path, file, "")) {
      assertThat(d.status()).as(path).isEqualTo(200);
      assertThat(d.rest()).as(path).isEqualTo(Download.End.WHOLE);
    }
  }

  @Test
  void a_file_larger_than_the_disk_passes_through_and_hits_are_served() throws Exception {
    Path log = Files.createFile(tmp.resolve("log"));
    try (MirrorProcess mirror = serve(log)) {
      whole(mirror, "small.bin", SMALL);
      long sentForHit = hub.counters().bytes(Route.CDN);

      int clients = 3;
      CountDownLatch flowing = new CountDownLatch(clients);
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Future<Download.End>> ends = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
          ends.add(
              threads.submit(() -> {
                try (Download d =
                    Download.of(mirror.uri(), "/acme/full/resolve/main/large.bin", LARGE, "")) {
                  assertThat(d.status()).isEqualTo(200);
                  d.read(1);
                  flowing.countDown();
                  return d.rest();
                }
              }));
        }
        flowing.await();
        // A hit in the middle of it.
        whole(mirror, "small.bin", SMALL);
        for (Future<Download.End> end : ends) {
          assertThat(end.get()).isEqualTo(Download.End.WHOLE);
        }
      }
      long sent = sentInTheEnd();
      System.out.printf(
          Locale.ROOT,
          "FullDiskIT: %d clients of %d bytes over a disk of 64 MiB: sent %d%n",
          clients,
          LARGE.size(),
          sent - sentForHit);

      whole(mirror, "small.bin", SMALL);
      assertThat(hub.counters().bytes(Route.CDN)).as("a hit fetches nothing").isEqualTo(sent);
      assertThat(Files.readString(log).toLowerCase(Locale.ROOT))
          .as("the operator is told of the full disk")
          .containsAnyOf(TOLD);
      assertThat(metrics(mirror)).as("the metrics answer").contains("intrahub_");
      assertThat(mirror.isAlive()).isTrue();
    }

    // Started again on the disk as it was left, it serves what it has.
    try (MirrorProcess again = serve(log)) {
      long before = sentInTheEnd();
      whole(again, "small.bin", SMALL);
      assertThat(hub.counters().bytes(Route.CDN)).isEqualTo(before);
      whole(again, "large.bin", LARGE);
    }
  }

  @Test
  void a_disk_that_somebody_else_fills_in_the_middle_of_a_transfer_breaks_nothing()
      throws Exception {
    Path log = Files.createFile(tmp.resolve("log"));
    try (MirrorProcess mirror = serve(log);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      whole(mirror, "small.bin", SMALL);
      Stall stall = hub.faults().on(Route.CDN).times(1).stallAfter(10_000_000);
      List<Future<Boolean>> loads = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        loads.add(
            threads.submit(() -> {
              whole(mirror, "middle.bin", MIDDLE);
              return true;
            }));
      }
      stall.awaitReached(1);
      Path ballast = data.resolve("ballast");
      fill(ballast);
      stall.release();
      for (Future<Boolean> load : loads) {
        assertThat(load.get()).isTrue();
      }
      long sent = sentInTheEnd();
      whole(mirror, "small.bin", SMALL);
      assertThat(hub.counters().bytes(Route.CDN)).as("a hit fetches nothing").isEqualTo(sent);
      assertThat(Files.readString(log).toLowerCase(Locale.ROOT))
          .as("the operator is told of the full disk")
          .containsAnyOf(TOLD);

      // With room again, the next load is kept, with no restart.
      Files.delete(ballast);
      whole(mirror, "middle.bin", MIDDLE);
      long kept = sentInTheEnd();
      whole(mirror, "middle.bin", MIDDLE);
      assertThat(hub.counters().bytes(Route.CDN)).as("what was kept").isEqualTo(kept);
    }
  }

  /** When the Hub sends nothing more: connections that were given up may send on for a moment. */
  private long sentInTheEnd() {
    await().atMost(Duration.ofSeconds(60)).until(() -> hub.log().stream().allMatch(Recorded::done));
    return hub.counters().bytes(Route.CDN);
  }

  /** Takes all that is left of the disk. */
  private static void fill(Path ballast) throws IOException {
    byte[] zeros = new byte[1 << 16];
    try (OutputStream out = Files.newOutputStream(ballast)) {
      while (true) {
        out.write(zeros);
      }
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("No space left");
    }
  }

  private static String metrics(MirrorProcess mirror) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(mirror.adminUri().resolve("/metrics")).build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }
}
