package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What people read when they have typed or configured something that can't be used. */
class MainTest {
  private static final int USAGE = 2;

  @TempDir Path tmp;

  /** How a command ended, and what it wrote to standard error. */
  private record Outcome(int status, String err) {}

  private static Outcome run(String... args) {
    StringWriter err = new StringWriter();
    CommandLine commandLine = Main.commandLine();
    commandLine.setErr(new PrintWriter(err, true));
    commandLine.setOut(new PrintWriter(new StringWriter(), true));
    return new Outcome(commandLine.execute(args), err.toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          serve --prot 9000   | --prot: unknown option; did you mean --port? (see: intrahub serve --help)
          serve --prot=9000   | --prot: unknown option; did you mean --port? (see: intrahub serve --help)
          serve --adminport 1 | --adminport: unknown option; did you mean --admin-port? (see: intrahub serve --help)
          serve --wibble      | --wibble: unknown option (see: intrahub serve --help)
          demo --offline      | --offline: unknown option (see: intrahub demo --help)
          sevre               | sevre: unknown command; did you mean serve? (see: intrahub --help)
          --verison           | --verison: unknown option; did you mean --version? (see: intrahub --help)
          serve --port        | Missing required parameter for option '--port' (PORT) (see: intrahub serve --help)
          demo --port http    | Invalid value for option '--port': 'http' is not an int (see: intrahub demo --help)
          """)
  void what_was_typed_wrong_is_said_in_one_line(String typed, String said) {
    Outcome outcome = run(typed.split(" "));

    assertThat(outcome.err()).isEqualTo("intrahub: " + said + System.lineSeparator());
    assertThat(outcome.status()).isEqualTo(USAGE);
  }

  @Test
  void without_a_command_the_help_is_shown() {
    Outcome outcome = run();

    assertThat(outcome.err()).startsWith("Name a command").contains("Usage: intrahub", "dev-hub");
    assertThat(outcome.status()).isEqualTo(USAGE);
  }

  @Test
  void a_file_that_is_wrong_stops_the_start_with_its_lines() throws IOException {
    Path file =
        Files.writeString(
            tmp.resolve("intrahub.yaml"), "server:\n  prot: 9000\nwaits:\n  head: soon\n");

    Outcome outcome = run("serve", "--config", file.toString(), "--data", data());

    assertThat(outcome.err())
        .contains(file + ":2: server.prot: unknown option; did you mean server.port?")
        .contains(file + ":4: waits.head: expected a duration such as")
        .doesNotContain("\tat ");
    assertThat(outcome.status()).isEqualTo(Main.EX_CONFIG);
    assertThat(tmp.resolve("data")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({"--port, --admin-port", "--admin-port, --port"})
  void a_port_that_is_taken_stops_the_start_and_its_flag_is_named(String taken, String other)
      throws IOException {
    try (ServerSocket somebody = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      String port = String.valueOf(somebody.getLocalPort());
      for (int time = 0; time < 2; time++) {
        // Twice: what was opened before is let go again, the folder too.
        Outcome outcome =
            run("serve", "--host", "127.0.0.1", "--data", data(), taken, port, other, "0");

        assertThat(outcome.err())
            .startsWith("intrahub: ")
            .contains("127.0.0.1:" + port)
            .contains("Choose another with " + taken)
            .doesNotContain("\tat ");
        assertThat(outcome.err().lines()).hasSize(1);
        assertThat(outcome.status()).isEqualTo(Main.EX_CONFIG);
      }
    }
  }

  private String data() {
    return tmp.resolve("data").toString();
  }
}
