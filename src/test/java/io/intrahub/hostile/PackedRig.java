package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.awaitility.core.ThrowingRunnable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The packed product in a small heap, a Hub in front of it, and clients of it. For the tests that
 * ask a real process what {@code SECURITY.md} and {@code docs/reliability.md} promise. The many
 * cases of each promise are tested in one process with a clock that tests move; here the product's
 * own options are short instead.
 */
final class PackedRig implements AutoCloseable {
  private static final List<String> SMALL =
      List.of("-Xmx192m", "-XX:+ExitOnOutOfMemoryError", "-XX:TieredStopAtLevel=1");

  static final DevFile BIG = DevFile.lfsGenerated(7, 5 << 20);
  static final String FILE = "/acme/open/resolve/main/a.txt";
  static final String BIG_FILE = "/acme/open/resolve/main/big.bin";
  static final String INFO = "/api/models/acme/open";

  /** A verdict that a repo is public lasts shorter than any step of a test. */
  static final Map<String, String> LAPSING =
      Map.of(
          "INTRAHUB_ACCESS_PUBLIC_TTL", "1ms",
          "INTRAHUB_FRESHNESS_REVISION_TTL", "1ms",
          "INTRAHUB_FRESHNESS_STALE_WHILE_REVALIDATE", "1ms");

  /** For a machine that is slow itself. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  final DevHub hub = DevHub.builder().start();
  final DevRepo open = hub.repo("model", "acme/open");

  /** The commit of the public repo, with {@link #FILE} and {@link #BIG_FILE}. */
  final String commit;

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Path folder;
  private final Path log;

  PackedRig(Path folder) throws IOException {
    this.folder = folder;
    this.log = Files.createFile(folder.resolve("log"));
    this.commit = open.commit("Add it", Map.of("a.txt", DevFile.text("a"), "big.bin", BIG));
  }

  @Override
  public void close() {
    threads.shutdownNow();
    client.close();
    hub.faults().clear();
    hub.close();
  }

  /** The folder of the store. */
  Path data() {
    return folder.resolve("data");
  }

  /** A mirror of the Hub with these variables in its environment. */
  MirrorProcess mirror(Map<String, String> environment) throws IOException {
    return mirror(environment, List.of());
  }

  MirrorProcess mirror(Map<String, String> environment, List<String> jvmOptions)
      throws IOException {
    List<String> options = Stream.concat(SMALL.stream(), jvmOptions.stream()).toList();
    return MirrorProcess.serve(data(), hub.uri(), log, options, environment);
  }

  /** A mirror that asks another endpoint where the Hub has no answer. */
  MirrorProcess mirrorWithFallback(DevHub fallback, Map<String, String> environment)
      throws IOException {
    List<String> flags = new ArrayList<>(List.of("--host", "127.0.0.1", "--port", "0"));
    flags.addAll(List.of("--data", data().toString(), "--upstream", hub.uri() + "#send-tokens"));
    flags.addAll(List.of("--upstream", fallback.uri().toString()));
    return MirrorProcess.serve(log, SMALL, flags, environment);
  }

  static Map<String, String> with(Map<String, String> some, Map<String, String> more) {
    Map<String, String> all = new LinkedHashMap<>(some);
    all.putAll(more);
    return all;
  }

  /** The file of the public repo by its commit, so that only the right to read it is in doubt. */
  String byCommit() {
    return "/acme/open/resolve/" + commit + "/a.txt";
  }

  private HttpResponse<byte[]> send(URI base, String target, String... headers) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + target));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return send(request.build());
  }

  private HttpResponse<byte[]> send(HttpRequest request) {
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
    } catch (IOException e) {
      throw new AssertionError("no whole answer to " + request.uri(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /**
   * Sends a GET.
   *
   * @param headers names and values in turn
   * @throws AssertionError that says "no whole answer" if the connection breaks
   */
  HttpResponse<byte[]> get(MirrorProcess mirror, String target, String... headers) {
    return send(mirror.uri(), target, headers);
  }

  /** The digest of what a client gets; empty if that is an error, or the connection breaks. */
  Optional<String> sha256IfWhole(MirrorProcess mirror, String target) {
    HttpRequest request = HttpRequest.newBuilder(URI.create(mirror.uri() + target)).build();
    try {
      HttpResponse<InputStream> answer =
          client.send(request, HttpResponse.BodyHandlers.ofInputStream());
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      try (InputStream body = new DigestInputStream(answer.body(), sha256)) {
        body.transferTo(OutputStream.nullOutputStream());
      }
      return answer.statusCode() == 200
          ? Optional.of(HexFormat.of().formatHex(sha256.digest()))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  HttpResponse<byte[]> head(MirrorProcess mirror, String target) {
    return send(HttpRequest.newBuilder(URI.create(mirror.uri() + target)).HEAD().build());
  }

  HttpResponse<byte[]> post(MirrorProcess mirror, String target, String json) {
    return send(
        HttpRequest.newBuilder(URI.create(mirror.uri() + target))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(json))
            .build());
  }

  /** Runs this on a thread of its own. */
  <T> CompletableFuture<T> later(Supplier<T> answer) {
    return CompletableFuture.supplyAsync(answer, threads);
  }

  JsonNode status(MirrorProcess mirror) {
    return JsonMapper.shared().readTree(send(mirror.adminUri(), "/status").body());
  }

  /** A figure of {@code /metrics} without labels. */
  long metric(MirrorProcess mirror, String name) {
    String metrics = text(send(mirror.adminUri(), "/metrics"));
    return metrics
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .map(line -> (long) Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + name + " in\n" + metrics));
  }

  /** Waits until the file is stored. */
  void store(MirrorProcess mirror, String target, DevFile file) {
    assertThat(get(mirror, target).body()).hasSize((int) file.size());
    awaitTheEndOf(file, mirror);
  }

  /** Nobody is fetching it any more; transfers of others may go on. */
  void awaitTheEndOf(DevFile file, MirrorProcess mirror) {
    await()
        .atMost(PATIENCE)
        .until(() ->
            StreamSupport.stream(status(mirror).get("transfers").spliterator(), false)
                .noneMatch(transfer -> transfer.get("size").asLong() == file.size()));
  }

  /** Runs what asks a mirror until its assertions hold. */
  static void eventually(ThrowingRunnable assertions) {
    await().atMost(PATIENCE).untilAsserted(assertions);
  }

  static String text(HttpResponse<byte[]> answer) {
    return new String(answer.body(), StandardCharsets.UTF_8);
  }

  static String cacheStatus(HttpResponse<byte[]> answer) {
    return answer.headers().firstValue("cache-status").orElse("");
  }
}
