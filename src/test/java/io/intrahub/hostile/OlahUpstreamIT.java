package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.cli.AppSettings;
import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.upstream.hub.EndpointSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Olah, another mirror of the Hub, as upstream. */
class OlahUpstreamIT {
  private static final Path PYTHON =
      Path.of("target/clients/olah-0.5.4/bin/python").toAbsolutePath();
  private static final DevFile WEIGHTS = DevFile.lfsGenerated(8, 3_000_000);

  @TempDir Path tmp;
  private Optional<Process> olah = Optional.empty();
  private Optional<Rig> rig = Optional.empty();

  @BeforeEach
  void start() throws IOException {
    new PythonClient("olah-0.5.4", tmp).assumeAvailable();
    int cdnPort = freePort();
    rig =
        Optional.of(
            new Rig(
                Files.createDirectory(tmp.resolve("data")),
                s -> behind(s, cdnPort),
                DevHub.builder().cdnPort(cdnPort).strict(false)));
    rig.orElseThrow()
        .hub
        .repo("model", "acme/open")
        .commit("Add it", Map.of("small.txt", DevFile.text("small\n"), "weights.bin", WEIGHTS));
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  private AppSettings behind(AppSettings s, int cdnPort) {
    try {
      int port = freePort();
      olah = Optional.of(launch(port, s.upstream().endpoints().getFirst().address(), cdnPort));
      return s.withUpstream(
          s.upstream()
              .withEndpoints(
                  List.of(EndpointSettings.publicMirror(URI.create("http://127.0.0.1:" + port)))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Process launch(int port, URI hub, int cdnPort) throws IOException {
    Process process =
        new ProcessBuilder(
                PYTHON.toString(),
                "-c",
                "from olah.server import cli; cli()",
                "--host",
                "127.0.0.1",
                "--port",
                Integer.toString(port),
                "--hf-scheme",
                "http",
                "--hf-netloc",
                hub.getAuthority(),
                "--hf-lfs-netloc",
                "localhost:" + cdnPort,
                "--mirror-scheme",
                "http",
                "--mirror-netloc",
                "127.0.0.1:" + port,
                // Otherwise it says for ten minutes what it heard before an outage.
                "--metadata-cache-ttl",
                "0",
                "--repos-path",
                tmp.resolve("olah").toString(),
                "--log-path",
                tmp.resolve("olah-log").toString())
            .directory(tmp.toFile())
            .redirectErrorStream(true)
            .redirectOutput(tmp.resolve("olah.out").toFile())
            .start();
    await("Olah listens").atMost(Duration.ofSeconds(60)).until(() -> listens(process, port));
    return process;
  }

  private static boolean listens(Process process, int port) {
    if (!process.isAlive()) {
      throw new IllegalStateException("Olah ended with " + process.exitValue());
    }
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  @AfterEach
  void stop() throws InterruptedException {
    rig.ifPresent(Rig::close);
    if (olah.isPresent()) {
      olah.get().destroy();
      if (!olah.get().waitFor(10, TimeUnit.SECONDS)) {
        olah.get().destroyForcibly();
      }
    }
  }

  private void load(String when) {
    PythonClient hf = new PythonClient("hf-2.4.0", tmp);
    hf.assumeAvailable();
    JsonNode files =
        hf.call()
            .endpoint(rig.orElseThrow().app().uri())
            .script("snapshot.py", "acme/open")
            .expectSuccess()
            .json()
            .get("files");
    assertThat(files.get("weights.bin").get("sha256").asString())
        .as(when)
        .isEqualTo(WEIGHTS.sha256());
    rig.orElseThrow().settle();
  }

  @Test
  void a_repo_loads_cold_and_warm_and_during_an_outage() {
    Rig mirror = rig.orElseThrow();
    load("cold");
    int asked = mirror.hub.log().size();
    load("warm");
    assertThat(mirror.hub.log()).as("calls for a warm load").hasSize(asked);
    mirror.hub.goDark();
    mirror.hub.cdnGoDark();
    mirror.clock.pass(Duration.ofMinutes(30));
    load("while the Hub behind Olah is away");
    olah.orElseThrow().destroy();
    mirror.clock.pass(Duration.ofMinutes(30));
    load("while Olah is away too");
  }

  /** Olah passes the bytes on unchecked. */
  @Test
  void a_wrong_byte_never_completes() {
    Rig mirror = rig.orElseThrow();
    mirror.hub.faults().on(Route.CDN).wrongByteAt(WEIGHTS.size() - 1);
    String lfs = "/acme/open/resolve/main/weights.bin";
    Optional<Rig.Answer> answer = Optional.empty();
    try {
      answer = Optional.of(mirror.get(lfs, Optional.empty()));
    } catch (AssertionError e) {
      // The connection broke before the last byte.
    }
    assertThat(answer.map(Rig.Answer::status).filter(s -> s == 200)).isEmpty();
  }
}
