package io.intrahub.transfers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * System calls of the real process fail in the middle of a transfer, by {@code strace -e inject}:
 * each client has right bytes or a visibly broken response, nothing wrong is published, and the
 * mirror lives on.
 *
 * <p>strace counts calls for each thread and each name: {@code when=3} fails the third call of
 * every thread, {@code when=1+} all.
 */
class InjectedDiskFaultsIT {
  private static final DevFile HIT = DevFile.lfsGenerated(1, 2_000_000);
  private static final DevFile FILE = DevFile.lfsGenerated(2, 20_000_000);

  @TempDir private static Path tmp;

  private static DevHub hub;

  @BeforeAll
  static void start() throws Exception {
    String why = whyNoStrace();
    assumeThat(why).as(why).isEmpty();
    hub = DevHub.builder().start();
    hub.repo("model", "acme/disk").commit("main", "m", Map.of("hit.bin", HIT, "file.bin", FILE));
  }

  @AfterAll
  static void stop() {
    if (hub != null) {
      hub.close();
    }
  }

  private static String whyNoStrace() {
    try {
      Process idle = new ProcessBuilder("sleep", "60").start();
      try {
        Process strace =
            new ProcessBuilder(
                    "strace", "-p", Long.toString(idle.pid()), "-e", "inject=fsync:error=EIO")
                .redirectErrorStream(true)
                .start();
        await()
            .atMost(Duration.ofSeconds(20))
            .until(() -> isTraced(idle.pid()) || !strace.isAlive());
        boolean refused = !isTraced(idle.pid());
        strace.destroy();
        return refused
            ? "strace can't attach here: " + new String(strace.getInputStream().readAllBytes())
            : "";
      } finally {
        idle.destroyForcibly();
      }
    } catch (IOException e) {
      return "there is no strace";
    }
  }

  private static final String WRITES = "pwrite64,pwritev,write";
  private static final String SYNCS = "fsync,fdatasync";
  private static final String LINKS = "link,linkat";

  /** Each kind of call, and both errors, or with the option all of them. */
  static List<Arguments> faults() {
    List<Arguments> some =
        List.of(
            arguments(WRITES, "EIO", "3"),
            arguments(WRITES, "ENOSPC", "1+"),
            arguments(SYNCS, "EIO", "1"),
            arguments(LINKS, "ENOSPC", "1+"));
    List<Arguments> more =
        List.of(
            arguments(WRITES, "EIO", "1+"),
            arguments(WRITES, "ENOSPC", "5"),
            arguments(SYNCS, "ENOSPC", "1+"),
            arguments(LINKS, "EIO", "1"),
            arguments(SYNCS, "EIO", "1+"),
            arguments(SYNCS, "ENOSPC", "1"),
            arguments(LINKS, "EIO", "1+"));
    List<Arguments> all = new ArrayList<>(some);
    if (Boolean.getBoolean("intrahub.disk-faults.all")) {
      all.addAll(more);
    } else {
      System.out.println("InjectedDiskFaultsIT: 4 faults; 11 with -Dintrahub.disk-faults.all=true");
    }
    return all;
  }

  @ParameterizedTest(name = "{0} gives {1}, when={2}")
  @MethodSource("faults")
  void a_failing_disk_breaks_no_byte(String calls, String error, String when) throws Exception {
    String name = (calls + "-" + error + "-" + when).replaceAll("[^\\w+-]", "_");
    Path data = tmp.resolve(name);
    Path log = Files.createFile(tmp.resolve(name + ".log"));
    Path trace = tmp.resolve(name + ".trace");
    try (MirrorProcess mirror =
            MirrorProcess.serve(data, hub.uri(), log, MirrorProcess.STARTS_QUICKLY);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      assertThat(whole(mirror, "hit.bin", HIT)).isEqualTo("WHOLE");
      long before = hub.counters().bytes(Route.CDN);

      // The transfer stands still while strace comes, so that its faults hit the middle of it.
      Stall stall = hub.faults().on(Route.CDN).times(1).stallAfter(1_500_000);
      List<Future<String>> clients = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        clients.add(threads.submit(() -> whole(mirror, "file.bin", FILE)));
      }
      stall.awaitReached(1);
      Process strace = attach(mirror, data, calls, error, when, trace);
      List<String> ends = new ArrayList<>();
      try {
        stall.release();
        for (Future<String> client : clients) {
          ends.add(client.get(60, TimeUnit.SECONDS));
        }
        // While the disk still fails, what is there is served.
        assertThat(whole(mirror, "hit.bin", HIT)).as("a hit meanwhile").isEqualTo("WHOLE");
      } finally {
        strace.destroy();
        strace.waitFor();
      }
      long injected;
      try (Stream<String> lines = Files.lines(trace)) {
        injected = lines.filter(l -> l.contains("(INJECTED)")).count();
      }
      System.out.printf(
          Locale.ROOT,
          "InjectedDiskFaultsIT: %s %s when=%s: %d calls failed, clients %s, sent %d of %d bytes%n",
          calls,
          error,
          when,
          injected,
          ends,
          hub.counters().bytes(Route.CDN) - before,
          FILE.size());
      assertThat(injected).as("calls that were made to fail").isPositive();
      assertThat(ends).allMatch(e -> e.equals("WHOLE") || e.equals("BROKEN") || e.startsWith("50"));
      assertEverythingPublishedIsRight(data);

      assertThat(mirror.isAlive()).as("the mirror lives on").isTrue();
      assertThat(whole(mirror, "hit.bin", HIT)).as("a hit afterwards").isEqualTo("WHOLE");
      assertThat(whole(mirror, "file.bin", FILE)).as("the same file afterwards").isEqualTo("WHOLE");
      assertEverythingPublishedIsRight(data);
    }
    // What the faults left behind does not matter to the next process either.
    try (MirrorProcess again =
        MirrorProcess.serve(data, hub.uri(), log, MirrorProcess.STARTS_QUICKLY)) {
      assertThat(whole(again, "file.bin", FILE)).as("after a restart").isEqualTo("WHOLE");
    }
    assertEverythingPublishedIsRight(data);
  }

  /** Only calls on files of the store fail: {@code write} is also what sockets and the log use. */
  private static Process attach(
      MirrorProcess mirror, Path data, String calls, String error, String when, Path trace)
      throws Exception {
    List<String> command = new ArrayList<>(List.of("strace", "-f", "-y", "-o", trace.toString()));
    command.addAll(List.of("-p", Long.toString(mirror.pid())));
    command.addAll(List.of("-e", "trace=" + calls));
    command.addAll(List.of("-e", "inject=" + calls + ":error=" + error + ":when=" + when));
    if (calls.contains("write")) {
      // link has two paths, which may be relative to nothing strace knows; writes have a
      // descriptor.
      try (Stream<Path> all = Files.walk(data)) {
        all.filter(Files::isRegularFile)
            .filter(f -> f.toString().contains("partial"))
            .forEach(f -> command.addAll(List.of("-P", f.toString())));
      }
      assertThat(command).as("a file of the fill under %s", data).contains("-P");
    }
    Process strace =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(trace.resolveSibling(trace.getFileName() + ".out").toFile())
            .start();
    // It is there when the kernel says that somebody traces the process.
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!isTraced(mirror.pid())) {
      assertThat(System.nanoTime()).as("strace attaches in time").isLessThan(deadline);
      Thread.onSpinWait();
    }
    return strace;
  }

  /** Whether all threads of the process are traced. */
  private static boolean isTraced(long pid) {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
      return tasks.allMatch(task -> {
        try {
          return Files.readString(task.resolve("status"))
              .lines()
              .noneMatch(l -> l.matches("TracerPid:\\s+0"));
        } catch (IOException e) {
          // The thread has ended meanwhile.
          return true;
        }
      });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** WHOLE, BROKEN or the status of an error. */
  private static String whole(MirrorProcess mirror, String path, DevFile file) {
    try (Download d = Download.of(mirror.uri(), "/acme/disk/resolve/main/" + path, file, "")) {
      return d.status() == 200 ? d.rest().toString() : Integer.toString(d.status());
    } catch (IOException e) {
      return "BROKEN";
    }
  }

  private static void assertEverythingPublishedIsRight(Path data) throws Exception {
    try (Stream<Path> all = Files.walk(data.resolve("blobs"))) {
      for (Path blob : all.filter(Files::isRegularFile).toList()) {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(blob));
        assertThat(HexFormat.of().formatHex(hash))
            .as("digest of a published blob")
            .isEqualTo(blob.getFileName().toString());
      }
    }
  }
}
