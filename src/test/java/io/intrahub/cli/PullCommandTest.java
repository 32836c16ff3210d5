package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.cli.command.ExitCode;
import io.intrahub.config.Config;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import io.intrahub.faults.SocketQueues;
import io.intrahub.store.fs.space.DiskBudgetSettings;
import io.intrahub.testing.FreePorts;
import io.intrahub.testing.MirrorUnderTest;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code intrahub pull}, through a mirror of this process and one that the command starts. */
@Timeout(120)
class PullCommandTest {
  private static final String ID = "acme/tiny";
  private static final Map<String, DevFile> FILES =
      Map.of(
          "config.json", DevFile.text("{\"model_type\": \"bert\"}\n"),
          "model.safetensors", DevFile.lfsGenerated(3, 400_000),
          "onnx/model.onnx", DevFile.lfsGenerated(4, 300_000));
  private static final int ALL = 3;

  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private DevRepo repo;
  private String commit = "";

  @BeforeEach
  void start() {
    start(new MirrorUnderTest(tmp.resolve("data")));
  }

  private void start(MirrorUnderTest started) {
    mirror = started;
    repo = mirror.hub().repo("model", ID);
    commit = repo.commit("Add it", FILES);
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  private Map<String, String> token(String value) {
    return Map.of("HF_TOKEN", value, "HF_HOME", tmp.resolve("home").toString());
  }

  private CommandRun run(Map<String, String> environment, List<String> where, String... arguments) {
    List<String> all = new ArrayList<>(List.of("pull"));
    all.addAll(where);
    all.addAll(List.of(arguments));
    return CommandRun.of(environment, all);
  }

  /** Through the mirror that runs. */
  private CommandRun run(String... arguments) {
    return run(token(""), running(), arguments);
  }

  private List<String> running() {
    return List.of(
        "--data",
        mirror.data().toString(),
        "--admin-port",
        Integer.toString(mirror.app().adminUri().getPort()));
  }

  /** With a mirror that the command starts, in front of the same Hub. */
  private List<String> alone() throws Exception {
    Path file = tmp.resolve("intrahub.yaml");
    int free = FreePorts.next();
    Files.writeString(
        file,
        """
        admin:
          port: %d
        upstream:
          endpoints: http://127.0.0.1:%d#send-tokens
        """
            .formatted(free, mirror.hub().port()));
    return List.of("--config", file.toString(), "--data", tmp.resolve("other").toString());
  }

  @Test
  void a_repo_is_fetched_once_by_the_running_mirror_and_then_served_without_a_call() {
    CommandRun ran = run(ID);

    assertThat(ran.status()).as(ran.err()).isZero();
    assertThat(ran.err()).isEmpty();
    assertThat(ran.out().lines().toList())
        .hasSize(3 + ALL)
        .satisfies(lines -> {
          assertThat(lines.getFirst())
              .startsWith("3 files, 683 KiB; stored already: 0 files, 0 B; free space on the disk:")
              .endsWith("; limit of the store: none");
          assertThat(lines.get(1))
              .isEqualTo(
                  "acme/tiny@main (%s): 3 files, 683 KiB, to fetch: 3 files, 683 KiB"
                      .formatted(commit.substring(0, 8)));
          assertThat(lines.getLast()).isEqualTo("Fetched 3 files, 683 KiB.");
        })
        .contains("  model.safetensors, 390 KiB");
    mirror.awaitIdle();
    assertThat(mirror.storedBlobs()).hasSize(ALL);

    mirror.mark();
    CommandRun again = run(ID, "--json");
    assertThat(again.status()).isZero();
    assertThat(again.json().at("/repos/0/stored").asInt()).isEqualTo(ALL);
    assertThat(again.json().at("/repos/0/fetched").asInt(-1)).isZero();
    assertThat(again.json().at("/repos/0/commit").asString()).isEqualTo(commit);
    mirror.expectSilence();
  }

  @Test
  void without_a_running_mirror_the_command_works_on_the_folder_and_leaves_it_free()
      throws Exception {
    CommandRun ran = run(token(""), alone(), "--jobs", "2", "--json", ID);

    assertThat(ran.status()).as(ran.err()).isZero();
    assertThat(ran.json().at("/repos/0/fetched").asInt()).isEqualTo(ALL);
    mirror.mark();
    CommandRun again = run(token(""), alone(), ID);
    assertThat(again.status()).as(again.err()).isZero();
    assertThat(again.out())
        .contains("stored already: 3 files, 683 KiB")
        .contains("Fetched 0 files");
    assertThat(mirror.upstream()).isEmpty();
  }

  @Test
  void only_the_files_that_were_asked_for_are_fetched() {
    assertThat(run("--include", "*.safetensors", "--include", "*.onnx", "--exclude", "onnx/*", ID))
        .extracting(CommandRun::status)
        .isEqualTo(0);

    mirror.awaitIdle();
    assertThat(mirror.storedBlobs()).containsExactly(FILES.get("model.safetensors").sha256());
  }

  @Test
  void a_type_and_a_revision_are_named_as_in_other_commands() {
    DevRepo rows = mirror.hub().repo("dataset", "acme/rows");
    rows.tag("v1", rows.commit("one", "a.csv", DevFile.text("1")));
    rows.commit("two", "b.csv", DevFile.text("2"));

    CommandRun ran = run("--json", "datasets/acme/rows@v1");
    assertThat(ran.json().at("/repos/0/type").asString()).isEqualTo("dataset");
    assertThat(ran.json().at("/repos/0/files").asInt()).isEqualTo(1);
    CommandRun typed = run("--json", "--type", "dataset", "acme/rows");
    assertThat(typed.json().at("/repos/0/files").asInt()).isEqualTo(2);
    assertThat(run("--type", "model", "datasets/acme/rows").status())
        .isEqualTo(ExitCode.USAGE.status());
  }

  @Test
  void a_private_repo_is_pulled_with_the_right_token_only_and_no_token_is_printed()
      throws Exception {
    mirror.hub().token("hf_right", "alice");
    mirror.hub().token("hf_wrong", "bob");
    repo.visibility(Visibility.PRIVATE).allow("hf_right");

    CommandRun wrong = run(token("hf_wrong"), running(), ID);
    assertThat(wrong.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(wrong.err()).startsWith("intrahub: acme/tiny@main: ").contains("(HTTP 40");
    assertThat(run(ID).status()).isEqualTo(ExitCode.INCOMPLETE.status());
    Path home = Files.createDirectories(tmp.resolve("home"));
    Files.writeString(home.resolve("token"), "hf_right\n");
    CommandRun right = run(token(""), running(), ID);
    assertThat(right.status()).as(right.err()).isZero();
    assertThat(right.out() + right.err() + wrong.out() + wrong.err())
        .doesNotContain("hf_right", "hf_wrong");
    CommandRun odd = run(token("hf_\u00e4"), running(), ID);
    assertThat(odd.status()).isEqualTo(ExitCode.CONFIG.status());
    assertThat(odd.err()).contains("HF_TOKEN holds no token").doesNotContain("hf_");
  }

  @Test
  void a_file_that_fails_is_named_with_the_reason_and_the_others_are_fetched() {
    mirror.hub().faults().on(Route.CDN).always().status(404);
    // Small, so not at the CDN.
    CommandRun ran = run("--json", ID, "acme/none");

    assertThat(ran.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    JsonNode pulled = ran.json().at("/repos/0");
    assertThat(pulled.path("fetched").asInt()).isEqualTo(1);
    assertThat(pulled.path("failedCount").asInt()).isEqualTo(2);
    assertThat(pulled.at("/failed/0/why").asString()).contains("HTTP ");
    assertThat(ran.json().at("/repos/1/error").asString()).contains("HTTP 40");

    CommandRun again = run(ID);
    assertThat(again.err().lines())
        .hasSize(2)
        .allMatch(line -> line.matches("intrahub: .*(safetensors|onnx): .*\\(HTTP \\d+\\)\\."));
    assertThat(again.out()).endsWith("Fetched 0 files, 0 B; 2 files not stored.\n");
  }

  @Test
  void a_gated_repo_is_refused_once_with_the_way_to_open_it() {
    mirror.close();
    start(
        new MirrorUnderTest(
            tmp.resolve("closed"),
            s -> s.withSite(SiteAccess.of(Config.defaults().access(), false)),
            DevHub.builder()));
    repo.visibility(Visibility.GATED);

    CommandRun ran = run(ID);

    assertThat(ran.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(ran.err()).contains("append #send-tokens to the URL").hasLineCount(1);
    assertThat(ran.out()).endsWith("Fetched 0 files, 0 B; 3 files not stored.\n");
  }

  @Test
  void a_hub_that_cannot_be_reached_is_named_with_what_says_why() throws Exception {
    mirror.hub().goDark();

    CommandRun ran = run(token(""), alone(), ID, "acme/other");

    assertThat(ran.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(ran.err().lines())
        .hasSize(3)
        .last()
        .isEqualTo(
            "intrahub: The Hub at http://127.0.0.1:%d could not be reached; intrahub doctor says why."
                .formatted(mirror.hub().port()));
  }

  @Test
  void files_that_never_fit_are_refused_before_the_first_is_fetched() {
    mirror.close();
    start(new MirrorUnderTest(tmp.resolve("small"), new DiskBudgetSettings(500_000, 0, 95, 90)));

    CommandRun ran = run(ID);
    assertThat(ran.status()).isEqualTo(ExitCode.CONFIG.status());
    assertThat(ran.out()).contains("limit of the store: 488 KiB");
    assertThat(ran.err())
        .startsWith("intrahub: The files take 683 KiB, but the store is limited to 488 KiB")
        .contains("--exclude")
        .hasLineCount(1);
    assertThat(mirror.contentReads()).isEmpty();
    assertThat(run("--exclude", "*.onnx", ID).status()).isZero();
  }

  @Test
  void a_mirror_on_another_store_is_not_used() {
    CommandRun ran =
        run(
            token("hf_secret"),
            List.of(
                "--data",
                tmp.resolve("other").toString(),
                "--admin-port",
                Integer.toString(mirror.app().adminUri().getPort())),
            ID);

    assertThat(ran.status()).isEqualTo(ExitCode.CONFIG.status());
    assertThat(ran.err()).contains("has another store than " + tmp.resolve("other"));
    assertThat(mirror.upstream()).isEmpty();
  }

  @Test
  void a_name_that_would_control_the_terminal_is_printed_encoded() {
    mirror.hub().repo("model", "acme/odd").commit("x", "a\u001b[2J.txt", DevFile.text("odd"));

    CommandRun ran = run("acme/odd");

    assertThat(ran.status()).isEqualTo(ExitCode.INCOMPLETE.status());
    assertThat(ran.out() + ran.err()).contains("a%1B%5B2J.txt").doesNotContain("\u001b");
  }

  /** It waits for five seconds. */
  @Tag("slow")
  @Test
  void a_mirror_that_does_not_answer_is_named_and_not_waited_for() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      List<String> where =
          List.of(
              "--data",
              mirror.data().toString(),
              "--config",
              Files.writeString(
                      tmp.resolve("silent.yaml"), "admin: {port: " + silent.getLocalPort() + "}\n")
                  .toString());

      CommandRun ran = run(token("hf_secret"), where, ID);

      assertThat(ran.status()).isEqualTo(ExitCode.UNAVAILABLE.status());
      assertThat(ran.err())
          .contains("The server at http://127.0.0.1:" + silent.getLocalPort() + " does not answer")
          .hasLineCount(1);
    }
  }

  /** Whether the command has taken all that the CDN sent, where the system tells. */
  private boolean isAllRead() {
    return !SocketQueues.areKnown()
        || SocketQueues.unread(mirror.hub().cdnPort())
            .filter(unread -> unread.values().stream().allMatch(bytes -> bytes == 0))
            .isPresent();
  }

  /** What a signal does in a process of its own. */
  @Tag("slow")
  @Test
  void an_interrupted_pull_ends_in_order_and_the_next_one_fetches_only_the_rest() throws Exception {
    int size = 24 << 20;
    mirror.hub().repo("model", "acme/big").commit("x", "big.bin", DevFile.lfsGenerated(7, size));
    Stall stall = mirror.hub().faults().on(Route.CDN).always().stallAt(16 << 20);
    List<String> alone = alone();
    CompletableFuture<CommandRun> ended = new CompletableFuture<>();
    AtomicReference<Throwable> bug = new AtomicReference<>();
    Thread command =
        Thread.ofPlatform()
            .uncaughtExceptionHandler((_, e) -> bug.set(e))
            .start(() -> ended.complete(run(token(""), alone, "--json", "acme/big")));
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> MirrorUnderTest.bytes(mirror.contentReads()) >= 16 << 20 && isAllRead());
    command.interrupt();

    CommandRun stopped = ended.get();
    assertThat(bug.get()).isNull();
    assertThat(stopped.status()).as(stopped.err()).isEqualTo(130);
    assertThat(stopped.json().path("stopped").asBoolean()).isTrue();
    stall.release();
    mirror.hub().faults().clear();
    mirror.mark();

    CommandRun again = run(token(""), alone, "--json", "acme/big");
    assertThat(again.status()).as(again.err()).isZero();
    assertThat(again.json().at("/repos/0/fetched").asInt()).isEqualTo(1);
    assertThat(MirrorUnderTest.bytes(mirror.contentReads())).isLessThan(size - (8 << 20));
  }
}
