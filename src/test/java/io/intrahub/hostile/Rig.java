package io.intrahub.hostile;

import io.intrahub.base.CacheSizes;
import io.intrahub.cli.App;
import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.testing.LiveFolder;
import io.intrahub.testing.MirrorUnderTest;
import io.intrahub.testing.SettableClock;
import io.intrahub.transfer.TransferSettings;
import io.intrahub.upstream.hub.EndpointSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A mirror that gives up sooner than the product, and a client that sends what no library would.
 */
final class Rig implements AutoCloseable {
  final SettableClock clock;
  final DevHub hub;

  /** As huggingface_hub names itself, some of whose errors differ from those of others. */
  static final String PYTHON_HUB = "unknown/None; hf_hub/2.4.0; python/3.11.2";

  private static final Duration AMPLE = Duration.ofSeconds(30);

  private String userAgent = "rig";

  private final MirrorUnderTest mirror;
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .build();

  /**
   * Loads something, patiently: the first request of a process takes its time, and a test may have
   * the mirror wait for less.
   */
  static void warmUp(Path data) {
    try (Rig rig = new Rig(data, s -> s.withMirror(s.mirror().withTimeouts(AMPLE, AMPLE)))) {
      DevFile large = DevFile.lfsGenerated(1, 200_000);
      rig.hub
          .repo("model", "acme/warm")
          .commit("Add it", Map.of("a.txt", DevFile.text("a"), "large.bin", large));
      for (String target :
          List.of(
              "/api/models/acme/warm",
              "/api/models/acme/warm/tree/main",
              "/acme/warm/resolve/main/a.txt",
              "/acme/warm/resolve/main/large.bin")) {
        rig.get(target, Optional.empty());
      }
      rig.settle();
    }
  }

  Rig(Path data) {
    this(data, UnaryOperator.identity());
  }

  Rig(Path data, UnaryOperator<AppSettings> change) {
    this(data, change, DevHub.builder());
  }

  Rig(Path data, UnaryOperator<AppSettings> change, DevHub.Builder builder) {
    this(data, change, builder, CacheSizes.ofHeap(Runtime.getRuntime().maxMemory()));
  }

  Rig(Path data, UnaryOperator<AppSettings> change, DevHub.Builder builder, CacheSizes caches) {
    mirror = new MirrorUnderTest(data, s -> change.apply(impatient(s)), builder, caches);
    hub = mirror.hub();
    clock = mirror.clock();
  }

  /** With another endpoint, which is asked when the Hub is not there. */
  static Rig withFallback(Path data, DevHub fallback) {
    return new Rig(
        data,
        s -> {
          EndpointSettings first = s.upstream().endpoints().getFirst();
          return s.withUpstream(
              s.upstream()
                  .withEndpoints(List.of(first, EndpointSettings.untrusted(fallback.uri()))));
        });
  }

  /** With the smallest pool there may be, which is room for a handful of buffers. */
  static AppSettings withFewBuffers(AppSettings s) {
    return s.withBufferBytes(512 * 1024);
  }

  /**
   * With next to no pause between the tries of a call or a transfer: what is tried again here does
   * not pass.
   */
  private static AppSettings impatient(AppSettings s) {
    TransferSettings t = s.transfer();
    return s.withUpstream(s.upstream().withRetryPause(Duration.ofMillis(1)))
        .withTransfer(
            new TransferSettings(
                t.openTimeout(),
                t.checkTimeout(),
                t.abandonAfter(),
                t.finishIfLeft(),
                t.tries(),
                Duration.ofMillis(1),
                t.connectionsPerBlob(),
                t.connectionsPerHost(),
                t.largeBlobsAtOnce(),
                t.bytesPerSecond(),
                t.passThroughStreams(),
                t.bufferBytes()));
  }

  /** What a client saw. */
  record Answer(int status, HttpHeaders headers, byte[] body) {
    Optional<String> header(String name) {
      return headers.firstValue(name);
    }

    String text() {
      return new String(body, StandardCharsets.UTF_8);
    }
  }

  App app() {
    return mirror.app();
  }

  Path data() {
    return mirror.data();
  }

  /** What the operator's listener shows. */
  String metrics() {
    return mirror.metrics();
  }

  /** What the operator's listener tells of the state. */
  String status() {
    return mirror.status();
  }

  /** Waits until nothing goes on behind the clients' backs. */
  void settle() {
    mirror.awaitIdle();
  }

  void restart() {
    mirror.restart();
  }

  /** Restarts the mirror with {@code mode: offline}. */
  void restartOffline() {
    mirror.restartOffline();
  }

  Answer get(String target, Optional<String> token) {
    return send(mirror.uri(), new Call("GET", target, "", ""), token);
  }

  /** One request: an empty range or body stands for none. */
  record Call(String method, String target, String range, String body) {}

  Answer send(URI base, Call call, Optional<String> token) {
    return send(base, call, token, Optional.empty());
  }

  /** From now on requests come from this client. */
  void actAs(String client) {
    userAgent = client;
  }

  /** The same, as a proxy that sends the request on for a client with this address. */
  Answer send(URI base, Call call, Optional<String> token, Optional<String> forwardedFor) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + call.target()))
            .timeout(Duration.ofSeconds(30))
            .header("User-Agent", userAgent)
            .method(
                call.method(),
                call.body().isEmpty()
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(call.body()));
    if (!call.body().isEmpty()) {
      request.header("Content-Type", "application/json");
    }
    if (!call.range().isEmpty()) {
      request.header("Range", call.range());
    }
    forwardedFor.ifPresent(address -> request.header("X-Forwarded-For", address));
    token.ifPresent(t -> request.header("Authorization", "Bearer " + t));
    try {
      HttpResponse<byte[]> response =
          client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
      return new Answer(response.statusCode(), response.headers(), response.body());
    } catch (IOException e) {
      throw new AssertionError(call + " got no whole answer", e);
    } catch (InterruptedException e) {
      throw new AssertionError(call + " was interrupted", e);
    }
  }

  /**
   * Sends these bytes on a new connection, and reads until the mirror closes it.
   *
   * @throws AssertionError when it stays open and silent
   */
  byte[] wire(byte[] request) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", mirror.uri().getPort())) {
      socket.setSoTimeout(20_000);
      try {
        socket.getOutputStream().write(request);
        socket.getOutputStream().flush();
      } catch (IOException e) {
        // It may answer and close before it has read all: then the answer is what counts.
        if (socket.isClosed()) {
          throw e;
        }
      }
      return readAll(socket);
    }
  }

  private static byte[] readAll(Socket socket) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] buffer = new byte[64 * 1024];
    try {
      while (true) {
        int read = socket.getInputStream().read(buffer);
        if (read < 0) {
          return all.toByteArray();
        }
        all.write(buffer, 0, read);
      }
    } catch (SocketTimeoutException e) {
      throw new AssertionError("the connection stays open after\n" + all, e);
    } catch (SocketException e) {
      // A reset: it closed while bytes were still on their way to it.
      return all.toByteArray();
    }
  }

  /** All paths below the store's folder, relative, and where each of these texts occurs. */
  List<String> tracesOnDisk(List<String> texts) throws IOException {
    List<String> found = new ArrayList<>();
    for (Path file : LiveFolder.walk(data())) {
      String name = data().relativize(file).toString();
      String content =
          Files.isRegularFile(file) ? new String(read(file), StandardCharsets.ISO_8859_1) : "";
      for (String text : texts) {
        if (name.contains(text)) {
          found.add(text + " in the name " + name);
        }
        if (content.contains(text)) {
          found.add(text + " in the content of " + name);
        }
      }
    }
    return found;
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      // A temporary file that was moved meanwhile is seen under its new name or next time.
      return new byte[0];
    }
  }

  @Override
  public void close() {
    try {
      mirror.close();
    } finally {
      client.close();
    }
  }
}
