package io.intrahub.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.intrahub.config.Config;
import io.intrahub.config.ConfigLoader;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A listener that accepts connections, and answers nothing or only the beginning. */
@Timeout(30)
class SilentMirrorTest {
  private static final Duration PATIENCE = Duration.ofMillis(400);

  @TempDir Path tmp;
  private ServerSocket listener;

  @BeforeEach
  void listen() throws IOException {
    listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  }

  @AfterEach
  void close() throws IOException {
    listener.close();
  }

  private URI address() {
    return URI.create("http://127.0.0.1:" + listener.getLocalPort());
  }

  /** Answers one request, but for its end. */
  private void beginAnswer() {
    Thread.startVirtualThread(() -> {
      try {
        Socket client = listener.accept();
        client
            .getOutputStream()
            .write(
                "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
                    .getBytes(StandardCharsets.US_ASCII));
      } catch (IOException _) {
        // The wait ends all the same.
      }
    });
  }

  @Test
  void no_answer_ends_the_wait_for_the_status() {
    assertThatExceptionOfType(HttpTimeoutException.class)
        .isThrownBy(() -> RunningMirror.ask(address(), PATIENCE));
  }

  @Test
  void an_answer_without_an_end_ends_the_wait_for_the_status() {
    beginAnswer();

    assertThatExceptionOfType(HttpTimeoutException.class)
        .isThrownBy(() -> RunningMirror.ask(address(), PATIENCE));
  }

  @Test
  void the_message_names_the_address_and_what_to_do() {
    assertThat(RunningMirror.silent(address(), new HttpTimeoutException("")))
        .hasMessageContaining(address().toString())
        .hasMessageContaining("does not answer: the command waited for 5 s")
        .hasMessageContaining("--admin-port");
  }

  @Test
  void a_job_is_not_waited_for() throws Exception {
    assertThat(job()).as("as if no mirror ran").isEmpty();
  }

  @Test
  void an_answer_without_an_end_ends_the_wait_for_a_job() throws Exception {
    beginAnswer();

    assertThat(job()).as("as if no mirror ran").isEmpty();
  }

  @Test
  void a_mirror_that_the_command_line_names_has_to_answer() {
    assertThatExceptionOfType(CommandException.class)
        .isThrownBy(() -> job(true))
        .withMessageContaining("The server at " + address() + " does not answer")
        .satisfies(e -> assertThat(e.code()).isEqualTo(ExitCode.UNAVAILABLE));
  }

  private Optional<ExitCode> job() throws Exception {
    return job(false);
  }

  private Optional<ExitCode> job(boolean namesListener) throws Exception {
    Path data = tmp.resolve("data");
    FsStore.open(data, new SettableClock(), DiskBudgetSettings.DEFAULT, Runnable::run).close();
    Config config =
        ConfigLoader.load(
            Optional.empty(),
            Map.of(),
            Map.of(
                "store.path",
                List.of(data.toString()),
                "admin.port",
                List.of(String.valueOf(listener.getLocalPort()))));
    PrintWriter out = new PrintWriter(new StringWriter());
    return RemoteJob.runInMirror(
        new StoreTarget(config, namesListener),
        "gc",
        new byte[0],
        new ReportOutput.Console(out, out, false),
        new RemoteJob.Limits(PATIENCE, Duration.ofMinutes(1)));
  }
}
