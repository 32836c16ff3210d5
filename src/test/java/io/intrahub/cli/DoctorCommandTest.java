package io.intrahub.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.testing.MirrorUnderTest;
import io.intrahub.testing.TokenSearch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code intrahub doctor} as a whole, with a simulated Hub. */
@Timeout(120)
class DoctorCommandTest {
  @TempDir Path tmp;

  /** What a command did. */
  private record Ran(int status, String out, String err) {
    String summary(String check) {
      return check(check).path("summary").asString();
    }

    String status(String check) {
      return check(check).path("status").asString();
    }

    private JsonNode check(String name) {
      return JsonMapper.shared()
          .readTree(out)
          .path("checks")
          .valueStream()
          .filter(one -> one.path("name").asString("").equals(name))
          .findFirst()
          .orElseThrow(() -> new AssertionError(name + " is not in " + out + err));
    }
  }

  private static Ran run(String... arguments) {
    List<String> all = new ArrayList<>(List.of("doctor", "--json"));
    all.addAll(List.of(arguments));
    if (!all.contains("--repo")) {
      all.addAll(List.of("--repo", "acme/tiny"));
    }
    if (!all.contains("--port")) {
      all.addAll(List.of("--port", "0"));
    }
    CommandRun ran = CommandRun.of(all);
    return new Ran(ran.status(), ran.out(), ran.err());
  }

  private static void fill(DevHub hub) {
    hub.repo("model", "acme/tiny")
        .commit(
            "Add it",
            Map.of(
                "README.md", DevFile.text("# Tiny\n"),
                "names/a b+c.txt", DevFile.text("text\n"),
                "m.bin", DevFile.lfsGenerated(3, 100_000)));
  }

  @Tag("slow")
  @Test
  void without_a_mirror_a_temporary_one_loads_and_leaves_nothing_behind() throws Exception {
    Path secret = Files.writeString(tmp.resolve("hub-token"), "hf_siteofacme\n");
    Path config =
        Files.writeString(
            tmp.resolve("intrahub.yaml"),
            "access:\n  mode: service\n  service-token-file: " + secret + "\n");
    try (DevHub hub = DevHub.builder().start()) {
      fill(hub);
      hub.token("hf_siteofacme", "acme");

      Ran ran =
          run(
              "--config",
              config.toString(),
              "--upstream",
              hub.uri() + "#send-tokens",
              "--data",
              tmp.resolve("data").toString(),
              "--admin-port",
              "0");

      assertThat(ran.status()).as(ran.out() + ran.err()).isZero();
      assertThat(ran.summary("load"))
          .matches("3 files of acme/tiny, 97\\.\\d KiB: .* with 0 calls to the Hub");
      assertThat(ran.summary("token")).contains("of the account acme");
      assertThat(ran.status("file server")).isEqualTo("ok");
      assertThat(TokenSearch.in(ran.out() + ran.err())).isEmpty();
      assertThat(Files.list(tmp)).containsExactlyInAnyOrder(secret, config);
    }
  }

  @Tag("slow")
  @Test
  void the_running_mirror_is_found_and_loads() {
    try (MirrorUnderTest mirror = new MirrorUnderTest(tmp.resolve("data"))) {
      fill(mirror.hub());

      Ran ran =
          run(
              "--upstream",
              "http://127.0.0.1:" + mirror.hub().port(),
              "--host",
              "127.0.0.1",
              "--data",
              mirror.data().toString(),
              "--admin-port",
              Integer.toString(mirror.app().adminUri().getPort()));

      assertThat(ran.status()).as(ran.out() + ran.err()).isZero();
      assertThat(ran.summary("data folder")).contains("is the store of the running mirror");
      assertThat(ran.summary("load")).contains("with 0 calls to the Hub");
      assertThat(mirror.storedBlobs()).hasSize(3);
    }
  }

  @Test
  void a_hub_that_is_down_fails_and_what_needs_it_is_skipped() {
    try (DevHub hub = DevHub.builder().start()) {
      hub.goDark();

      Ran ran =
          run(
              "--upstream",
              "http://127.0.0.1:" + hub.port(),
              "--data",
              tmp.resolve("data").toString(),
              "--admin-port",
              "0");

      assertThat(ran.status()).isEqualTo(1);
      assertThat(ran.status("connection 127.0.0.1:" + hub.port())).isEqualTo("failed");
      assertThat(List.of("clock", "latency", "rate budget", "file server", "load"))
          .allSatisfy(name -> assertThat(ran.status(name)).isEqualTo("skipped"));
    }
  }

  @Test
  void a_repo_that_upstream_lacks_is_not_blamed_on_rules() {
    try (DevHub hub = DevHub.builder().start()) {
      fill(hub);

      Ran ran =
          run(
              "--upstream",
              hub.uri().toString(),
              "--repo",
              "acme/nosuch",
              "--data",
              tmp.resolve("data").toString(),
              "--admin-port",
              "0");

      assertThat(ran.status("load")).isEqualTo("skipped");
      assertThat(ran.summary("load"))
          .isEqualTo(
              "skipped because upstream does not serve acme/nosuch to everybody (see"
                  + " \"connection\")");
      assertThat(ran.out()).doesNotContain("rules");
    }
  }

  @Tag("slow")
  @Test
  void the_temporary_mirror_does_not_log_into_the_table() {
    // As in production: tests log less.
    Logger all = (Logger) LoggerFactory.getLogger("io.intrahub");
    Logger transfers = (Logger) LoggerFactory.getLogger("io.intrahub.transfer");
    Level levelOfTransfers = transfers.getLevel();
    all.setLevel(Level.INFO);
    transfers.setLevel(null);
    PrintStream before = System.err;
    ByteArrayOutputStream logged = new ByteArrayOutputStream();
    System.setErr(new PrintStream(logged, true, UTF_8));
    try (DevHub hub = DevHub.builder().start()) {
      hub.repo("model", "acme/tiny")
          .commit("Add it", Map.of("large.bin", DevFile.lfsGenerated(4, 2 << 20)));

      Ran ran =
          run(
              "--upstream",
              hub.uri().toString(),
              "--data",
              tmp.resolve("data").toString(),
              "--admin-port",
              "0");

      assertThat(ran.status("load")).as(ran.out()).isEqualTo("ok");
    } finally {
      System.setErr(before);
      transfers.setLevel(levelOfTransfers);
      all.setLevel(null);
    }
    assertThat(logged.toString(UTF_8)).doesNotContain("INFO");
  }

  @Test
  void a_port_that_is_taken_is_named_with_its_option() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Ran ran =
          run(
              "--offline",
              "--host",
              "127.0.0.1",
              "--port",
              String.valueOf(taken.getLocalPort()),
              "--data",
              tmp.resolve("data").toString(),
              "--admin-port",
              "0");

      assertThat(ran.status()).isEqualTo(1);
      assertThat(ran.status("ports")).isEqualTo("failed");
      assertThat(ran.summary("ports"))
          .startsWith("can't listen on 127.0.0.1:" + taken.getLocalPort());
      assertThat(ran.out()).contains("choose another port with --port.");
    }
  }

  @Test
  void with_mode_offline_upstream_is_not_asked() {
    try (DevHub hub = DevHub.builder().start()) {
      Ran ran =
          run(
              "--offline",
              "--upstream",
              hub.uri().toString(),
              "--data",
              tmp.resolve("data").toString(),
              "--admin-port",
              "0");

      assertThat(ran.status()).as(ran.out()).isZero();
      assertThat(ran.summary("upstream")).contains("offline");
      assertThat(hub.log()).isEmpty();
    }
  }

  /** It waits for five seconds. */
  @Tag("slow")
  @Test
  void a_mirror_that_does_not_answer_is_a_failed_check() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Ran ran =
          run(
              "--offline",
              "--data",
              tmp.resolve("data").toString(),
              "--admin-port",
              String.valueOf(silent.getLocalPort()));

      assertThat(ran.status()).isEqualTo(1);
      assertThat(ran.status("mirror")).isEqualTo("failed");
      assertThat(ran.summary("mirror")).contains(":" + silent.getLocalPort() + " does not answer");
    }
  }

  @Test
  void a_wrong_configuration_or_repo_is_one_line() {
    assertThat(run("--repo", "../x").status()).isEqualTo(2);
    Ran ran = run("--config", tmp.resolve("none.yaml").toString());
    assertThat(ran.status()).isEqualTo(78);
    assertThat(ran.err()).contains("none.yaml").doesNotContain("\tat ");
  }

  @Test
  void the_file_of_a_recording_is_named_in_json() throws IOException {
    try (DevHub hub = DevHub.builder().strict(false).start()) {
      fill(hub);
      Path file = tmp.resolve("shapes.json");

      Ran ran =
          run("--record", file.toString(), "--upstream", hub.uri().toString() + "#send-tokens");

      assertThat(ran.status()).as(ran.out() + ran.err()).isZero();
      JsonNode result = JsonMapper.shared().readTree(ran.out());
      assertThat(result.path("file").asString()).isEqualTo(file.toString());
      assertThat(result.path("unanswered").asInt(-1)).isZero();
      assertThat(JsonMapper.shared().readTree(Files.readString(file)).path("answers")).isNotEmpty();
    }
  }
}
