package io.intrahub.hostile;

import static org.awaitility.Awaitility.await;

import io.intrahub.testing.FreePorts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** A real nginx in front of the mirror, in one process. */
final class Nginx implements AutoCloseable {
  private final Process process;
  private final Path folder;
  private final int port;

  private Nginx(Process process, Path folder, int port) {
    this.process = process;
    this.folder = folder;
    this.port = port;
  }

  /** Skips the test, with the reason, if there is no nginx; under CI fails it. */
  static void assumeAvailable() {
    if (program().isPresent()) {
      return;
    }
    String what = "there is no nginx (Debian: apt-get install nginx-light)";
    if ("true".equals(System.getenv("CI"))) {
      Assertions.fail(what);
    }
    Assumptions.abort(what);
  }

  private static Optional<Path> program() {
    return Stream.of("/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx")
        .map(Path::of)
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * Starts it and waits until it listens.
   *
   * @param folder an existing one for its files
   * @param http what stands in its {@code http} block, with {@code %PORT%} for its port
   */
  static Nginx start(Path folder, String http) throws IOException {
    int port = FreePorts.next();
    Path config = folder.resolve("nginx.conf");
    Files.writeString(
        config,
        """
        daemon off;
        # Nothing stays behind when the tests are killed.
        master_process off;
        pid %1$s/pid;
        events {}
        http {
          access_log off;
          client_body_temp_path %1$s/body;
          proxy_temp_path %1$s/proxy;
          fastcgi_temp_path %1$s/fastcgi;
          uwsgi_temp_path %1$s/uwsgi;
          scgi_temp_path %1$s/scgi;
          %2$s
        }
        """
            .formatted(folder, http.replace("%PORT%", Integer.toString(port))));
    Process process =
        new ProcessBuilder(
                program().orElseThrow().toString(),
                "-p",
                folder.toString(),
                "-e",
                folder.resolve("error.log").toString(),
                "-c",
                config.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("out.log").toFile())
            .start();
    Nginx nginx = new Nginx(process, folder, port);
    try {
      await("nginx listens").atMost(Duration.ofSeconds(30)).until(nginx::listens);
    } catch (RuntimeException e) {
      nginx.close();
      throw new AssertionError("nginx did not start:\n" + nginx.log(), e);
    }
    return nginx;
  }

  private boolean listens() {
    if (!process.isAlive()) {
      throw new IllegalStateException("nginx ended with " + process.exitValue());
    }
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  int port() {
    return port;
  }

  /** What it wrote, for the message of a test that failed. */
  String log() throws IOException {
    StringBuilder log = new StringBuilder();
    for (String name : new String[] {"out.log", "error.log"}) {
      Path file = folder.resolve(name);
      log.append(Files.exists(file) ? Files.readString(file) : "");
    }
    return log.toString();
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
