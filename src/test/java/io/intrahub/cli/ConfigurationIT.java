package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.clients.CurlClient;
import io.intrahub.faults.MirrorProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** File, environment and flags of a real process. */
class ConfigurationIT {
  @TempDir Path tmp;
  private Path log;

  @BeforeEach
  void makeLog() throws IOException {
    log = Files.createFile(tmp.resolve("mirror.log"));
  }

  /** A port that is taken ends the start, and its message tells which one was chosen. */
  @Test
  void the_environment_wins_over_the_file_and_a_flag_over_both() throws Exception {
    try (ServerSocket ofFile = taken();
        ServerSocket ofEnvironment = taken();
        ServerSocket ofFlag = taken()) {
      Path file =
          Files.writeString(
              tmp.resolve("intrahub.yaml"),
              "server: {host: 127.0.0.1, port: %d}\nstore: {path: %s}\n"
                  .formatted(ofFile.getLocalPort(), tmp.resolve("data")));
      Map<String, String> environment =
          Map.of("INTRAHUB_SERVER_PORT", String.valueOf(ofEnvironment.getLocalPort()));
      String flag = String.valueOf(ofFlag.getLocalPort());

      expectTaken(ofFile, Map.of(), "--config", file.toString());
      expectTaken(ofFile, Map.of("INTRAHUB_CONFIG", file.toString()));
      expectTaken(ofEnvironment, environment, "--config", file.toString());
      expectTaken(ofFlag, environment, "--config", file.toString(), "--port", flag);
    }
  }

  private void expectTaken(ServerSocket port, Map<String, String> environment, String... flags)
      throws Exception {
    Files.writeString(log, "");
    List<String> arguments = new ArrayList<>(List.of("serve"));
    arguments.addAll(List.of(flags));
    Process process =
        MirrorProcess.launch(log, MirrorProcess.STARTS_QUICKLY, arguments, environment);
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("the start ended").isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(Files.readString(log))
        .contains("127.0.0.1:" + port.getLocalPort() + " (Address already in use)");
    assertThat(process.exitValue()).isEqualTo(Main.EX_CONFIG);
  }

  private static ServerSocket taken() throws IOException {
    return new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
  }

  @Test
  void the_file_that_comes_with_the_product_starts_it() throws Exception {
    CurlClient curl = new CurlClient(tmp);
    curl.assumeAvailable();
    Map<String, String> environment =
        Map.of("INTRAHUB_CONFIG", Path.of("config/intrahub.yaml").toAbsolutePath().toString());
    URI nobody = URI.create("http://127.0.0.1:1");
    try (MirrorProcess mirror =
        MirrorProcess.serve(
            tmp.resolve("data"), nobody, log, MirrorProcess.STARTS_QUICKLY, environment)) {
      assertThat(curl.get(mirror.uri().toString()).text()).contains("HF_ENDPOINT=" + mirror.uri());
    }
  }
}
