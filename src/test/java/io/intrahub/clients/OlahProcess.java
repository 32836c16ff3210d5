package io.intrahub.clients;

import static org.awaitility.Awaitility.await;

import io.intrahub.testing.FreePorts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Olah, another mirror of the Hub, in a process of its own. */
public final class OlahProcess implements AutoCloseable {
  private static final String NAME = "olah-0.5.4";
  private static final Path PYTHON =
      Path.of("target/clients").resolve(NAME).resolve("bin/python").toAbsolutePath();

  private final Process process;
  private final int port;
  private final Path repos;

  private OlahProcess(Process process, int port, Path repos) {
    this.process = process;
    this.port = port;
    this.repos = repos;
  }

  /** Skips the test, with the reason, if Olah is not there; under CI fails it. */
  public static void assumeAvailable(Path tmp) {
    new PythonClient(NAME, tmp).assumeAvailable();
  }

  /**
   * Starts Olah and waits until it listens.
   *
   * @param tmp a folder for its store and its output
   * @param cdnPort of the Hub
   * @param options more of Olah's command line
   */
  public static OlahProcess start(Path tmp, URI hub, int cdnPort, String... options)
      throws IOException {
    int port = FreePorts.next();
    Path repos = tmp.resolve("olah");
    List<String> command =
        new ArrayList<>(
            List.of(
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
                "--repos-path",
                repos.toString(),
                "--log-path",
                tmp.resolve("olah-log").toString()));
    command.addAll(List.of(options));
    Process process =
        new ProcessBuilder(command)
            .directory(tmp.toFile())
            .redirectErrorStream(true)
            .redirectOutput(tmp.resolve("olah.out").toFile())
            .start();
    await("Olah listens").atMost(Duration.ofSeconds(60)).until(() -> listens(process, port));
    return new OlahProcess(process, port, repos);
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

  public URI uri() {
    return URI.create("http://127.0.0.1:" + port);
  }

  /** The folder of its store. */
  public Path repos() {
    return repos;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (process.waitFor(10, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
  }
}
