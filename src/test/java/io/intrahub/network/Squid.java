package io.intrahub.network;

import static org.awaitility.Awaitility.await;

import io.intrahub.testing.FreePorts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * Debian's Squid as a company has it: it asks for a user and a password, has a list of hosts it
 * refuses, and is the only one that can resolve {@code hub.test} and {@code cdn.test}.
 */
final class Squid implements AutoCloseable {
  static final String USER = "corp\\ada";
  static final String PASSWORD = "p@ss:w%rd+";

  /** Its login as it is written in an address. */
  static final String LOGIN = "corp%5Cada:p%40ss%3Aw%25rd%2B";

  /** A host that its rules refuse. */
  static final String REFUSED = "refused.test";

  // Made with: openssl passwd -apr1 -salt intrahub 'p@ss:w%rd+'
  private static final String HASH = "$apr1$intrahub$pQEqkqrnkCSVUjaihjPlT1";

  private final Process process;
  private final Path folder;
  private final int port;

  private Squid(Process process, Path folder, int port) {
    this.process = process;
    this.folder = folder;
    this.port = port;
  }

  /** Skips the test, with the reason, if there is no Squid; under CI fails it. */
  static void assumeAvailable() {
    if (program().isPresent() && helper().isPresent()) {
      return;
    }
    String what =
        "there is no Squid with its helper basic_ncsa_auth (Debian: apt-get install squid)";
    if ("true".equals(System.getenv("CI"))) {
      Assertions.fail(what);
    }
    Assumptions.abort(what);
  }

  private static Optional<Path> program() {
    return Stream.of("/usr/sbin/squid", "/usr/local/sbin/squid", "/usr/bin/squid")
        .map(Path::of)
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static Optional<Path> helper() {
    return Stream.of(
            "/usr/lib/squid", "/usr/lib64/squid", "/usr/libexec/squid", "/usr/local/libexec")
        .map(folder -> Path.of(folder, "basic_ncsa_auth"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * Starts it and waits until it listens.
   *
   * @param folder an existing one for its files
   */
  static Squid start(Path folder) throws IOException {
    // Started by root it goes on as another user, who reads and writes here.
    Files.setPosixFilePermissions(folder.getParent(), PosixFilePermissions.fromString("rwx--x--x"));
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    Files.writeString(folder.resolve("passwd"), USER + ":" + HASH + "\n");
    Files.writeString(folder.resolve("hosts"), "127.0.0.1 hub.test cdn.test refused.test\n");
    int port = FreePorts.next();
    Path config = folder.resolve("squid.conf");
    Files.writeString(
        config,
        """
        http_port 127.0.0.1:%1$d
        hosts_file %2$s/hosts
        auth_param basic program %3$s %2$s/passwd
        auth_param basic children 2 startup=1 idle=1
        auth_param basic realm ACME
        acl known proxy_auth REQUIRED
        acl refused dstdomain %4$s
        http_access deny !known
        http_access deny refused
        http_access allow all
        cache deny all
        access_log stdio:%2$s/access.log
        cache_log %2$s/cache.log
        pid_filename none
        coredump_dir %2$s
        shutdown_lifetime 0 seconds
        """
            .formatted(port, folder, helper().orElseThrow(), REFUSED));
    Process process =
        new ProcessBuilder(program().orElseThrow().toString(), "-N", "-f", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("out.log").toFile())
            .start();
    Squid squid = new Squid(process, folder, port);
    try {
      await("Squid listens").atMost(Duration.ofSeconds(30)).until(squid::listens);
    } catch (RuntimeException e) {
      squid.close();
      throw new AssertionError(
          "Squid did not start:\n" + Files.readString(folder.resolve("out.log")), e);
    }
    return squid;
  }

  private boolean listens() {
    if (!process.isAlive()) {
      throw new IllegalStateException("Squid ended with " + process.exitValue());
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

  /** Its address with its login, as an operator writes it. */
  String address() {
    return "http://" + LOGIN + "@127.0.0.1:" + port;
  }

  /**
   * What it was asked for so far, in its own format: status, method, target and user in each line.
   */
  List<String> accesses() throws IOException {
    Path log = folder.resolve("access.log");
    return Files.exists(log) ? Files.readAllLines(log) : List.of();
  }

  @Override
  public void close() {
    // Its helpers end when their standard input does.
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
