package io.intrahub.abuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a mirror's process shows of itself from outside. Safe for use by many threads. */
final class ProcessHealth implements AutoCloseable {
  /** What has to be zero when nobody wants anything. */
  private static final List<String> AT_REST =
      List.of(
          "intrahub_memory_budget_used_bytes",
          "intrahub_client_buffers_used_bytes",
          "intrahub_tasks_running",
          "intrahub_transfers_running",
          "intrahub_connections_taken",
          "intrahub_connections_waiting",
          "intrahub_passthrough_streams");

  /** A heap of G1, Parallel or Serial; the other lines are not about the heap. */
  private static final Pattern USED =
      Pattern.compile("(?m)^(?!\\s*(?:Metaspace|class)).* used (\\d+)K");

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final MirrorProcess mirror;
  private final HttpClient http = HttpClient.newHttpClient();

  ProcessHealth(MirrorProcess mirror) {
    this.mirror = mirror;
  }

  /**
   * What is not at rest yet, with its figure.
   *
   * @return empty when all is zero
   */
  List<String> unrest() throws IOException, InterruptedException {
    String metrics = get("/metrics");
    List<String> unrest =
        AT_REST.stream()
            .flatMap(name -> metrics.lines().filter(line -> line.startsWith(name + " ")))
            .filter(line -> Double.parseDouble(line.substring(line.indexOf(' ') + 1)) != 0)
            .toList();
    assertThat(get("/status")).as("/status").contains("\"transfers\":");
    return unrest;
  }

  /** Every one of the figures that have to be zero has to be there. */
  void assertFiguresExist() throws IOException, InterruptedException {
    assertThat(get("/metrics")).contains(AT_REST);
  }

  private String get(String target) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(mirror.adminUri() + target)).timeout(PATIENCE).build();
    HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(target).isEqualTo(200);
    return answer.body();
  }

  /** Bytes of the heap that are in use after a full collection. */
  long heap() throws IOException, InterruptedException {
    jcmd("GC.run");
    Matcher used = USED.matcher(jcmd("GC.heap_info"));
    long kib = 0;
    while (used.find()) {
      kib += Long.parseLong(used.group(1));
    }
    assertThat(kib).as("the used heap that jcmd shows").isPositive();
    return kib * 1024;
  }

  private String jcmd(String command) throws IOException, InterruptedException {
    Process jcmd =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(mirror.pid()),
                command)
            .redirectErrorStream(true)
            .start();
    String out = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(jcmd.waitFor()).as("jcmd %s: %s", command, out).isZero();
    return out;
  }

  /** Sockets that the process has open; empty where the system does not tell. */
  OptionalInt sockets() throws IOException {
    Path descriptors = Path.of("/proc/" + mirror.pid() + "/fd");
    if (!Files.isDirectory(descriptors)) {
      return OptionalInt.empty();
    }
    try (Stream<Path> all = Files.list(descriptors)) {
      return OptionalInt.of((int) all.filter(ProcessHealth::isSocket).count());
    }
  }

  private static boolean isSocket(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
    } catch (NoSuchFileException e) {
      // Closed meanwhile.
      return false;
    } catch (IOException e) {
      throw new AssertionError("a descriptor can't be read", e);
    }
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
