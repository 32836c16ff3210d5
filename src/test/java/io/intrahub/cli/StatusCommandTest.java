package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.testing.FreePorts;
import io.intrahub.testing.MirrorUnderTest;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code intrahub status} asks a mirror in this process, over its operator's listener. */
@Timeout(120)
class StatusCommandTest {
  private static final int SIZE = 8 << 20;
  private static final int STALLED_AT = 3 << 20;

  @TempDir Path tmp;

  private static CommandRun run(String... arguments) {
    List<String> all = new ArrayList<>(List.of("status"));
    all.addAll(List.of(arguments));
    return CommandRun.of(all);
  }

  private static String port(MirrorUnderTest mirror) {
    return Integer.toString(mirror.app().adminUri().getPort());
  }

  private static double metric(MirrorUnderTest mirror, String name) throws IOException {
    Matcher line =
        Pattern.compile("(?m)^" + Pattern.quote(name) + " (\\S+)$")
            .matcher(text(mirror.app().adminUri().resolve("/metrics")));
    assertThat(line.find()).as(name).isTrue();
    return Double.parseDouble(line.group(1));
  }

  private static String text(URI address) throws IOException {
    try (InputStream in = address.toURL().openStream()) {
      return new String(in.readAllBytes());
    }
  }

  @Tag("slow")
  @Test
  void a_file_that_is_being_fetched_is_shown_until_it_is_there() throws Exception {
    try (MirrorUnderTest mirror = new MirrorUnderTest(tmp.resolve("data"))) {
      DevFile file = DevFile.lfsGenerated(3, SIZE);
      mirror.hub().repo("model", "acme/x").commit("Add it", "m.bin", file);
      Stall stall = mirror.hub().faults().on(Route.CDN).always().stallAfter(STALLED_AT);
      URI address = mirror.uri().resolve("/acme/x/resolve/main/m.bin");
      Thread client = Thread.ofVirtual().start(() -> readAll(address));
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> transfer(mirror).path("there").asLong() == STALLED_AT);

      JsonNode status = status(mirror);
      assertThat(status.path("upstream").asString()).isEqualTo("reachable");
      assertThat(status.path("version").asString()).isEqualTo(Main.Version.number());
      assertThat(status.path("clientsPort").asInt()).isEqualTo(mirror.uri().getPort());
      assertThat(Files.readString(tmp.resolve("data/STORE-ID")))
          .contains(status.path("store").path("id").asString("not named"));
      assertThat(status.path("store").path("writers").asInt()).isEqualTo(1);
      assertThat(status.path("store").path("free").asLong()).isPositive();
      JsonNode transfer = transfer(mirror);
      assertThat(transfer.path("state").asString()).isEqualTo("fetching");
      assertThat(transfer.path("size").asLong()).isEqualTo(SIZE);
      assertThat(transfer.path("readers").asInt()).isEqualTo(1);
      assertThat(transfer.path("connections").asInt()).isPositive();
      assertThat(status.path("connections").path("taken").asInt())
          .isEqualTo(transfer.path("connections").asInt());
      assertThat(transfer.path("source").asString())
          .matches("localhost model acme/x@[0-9a-f]{8}/m\\.bin");
      CommandRun shown = run("--admin-port", port(mirror));
      assertThat(shown.status()).isZero();
      assertThat(shown.out())
          .contains("upstream     reachable")
          .containsPattern("fetching  37 %  8\\.0 MiB .* model acme/x@[0-9a-f]{8}/m\\.bin");
      assertThat(metric(mirror, "intrahub_transfers_running")).isEqualTo(1);
      assertThat(metric(mirror, "intrahub_connections_taken")).isPositive();
      assertThat(metric(mirror, "intrahub_connections_waiting")).isZero();
      assertThat(metric(mirror, "intrahub_passthrough_streams")).isZero();

      stall.release();
      client.join();
      mirror.awaitIdle();
      await().until(() -> status(mirror).path("transfers").isEmpty());
      assertThat(run("--admin-port", port(mirror)).out()).contains("transfers    none");
      readAll(address);
      assertThat(metric(mirror, "intrahub_fetched_bytes_total")).isEqualTo(SIZE);
      assertThat(metric(mirror, "intrahub_sent_bytes_total{level=\"upstream\"}")).isEqualTo(SIZE);
      await().until(() -> metric(mirror, "intrahub_sent_bytes_total{level=\"disk\"}") == SIZE);
      assertThat(metric(mirror, "intrahub_transfer_store_failures_total")).isZero();
      assertThat(metric(mirror, "intrahub_transfer_broken_connections_total")).isZero();
      assertThat(metric(mirror, "intrahub_upstream_retries_total")).isZero();
    }
  }

  private static JsonNode status(MirrorUnderTest mirror) {
    CommandRun ran = run("--json", "--admin-port", port(mirror));
    assertThat(ran.status()).isZero();
    return JsonMapper.shared().readTree(ran.out());
  }

  private static JsonNode transfer(MirrorUnderTest mirror) {
    return status(mirror).path("transfers").path(0);
  }

  private static void readAll(URI address) {
    try {
      assertThat(text(address)).isNotEmpty();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void the_listener_is_found_with_the_file_of_the_mirror() throws IOException {
    try (MirrorUnderTest mirror = new MirrorUnderTest(tmp.resolve("data"))) {
      Path file = tmp.resolve("intrahub.yaml");
      Files.writeString(file, "admin:\n  host: 0.0.0.0\n  port: " + port(mirror) + "\n");

      assertThat(run("--config", file.toString()).out()).contains("transfers    none");
    }
  }

  @Test
  void with_data_only_the_mirror_on_that_folder_is_shown() throws IOException {
    try (MirrorUnderTest mirror = new MirrorUnderTest(tmp.resolve("data"))) {
      String other = Files.createDirectory(tmp.resolve("other")).toString();

      CommandRun own = run("--admin-port", port(mirror), "--data", mirror.data().toString());
      assertThat(own.expectSuccess().out()).contains("transfers    none");
      for (String folder : List.of(other, tmp.resolve("missing").toString())) {
        CommandRun ran = run("--json", "--admin-port", port(mirror), "--data", folder);

        assertThat(ran.status()).isEqualTo(78);
        assertThat(ran.out()).isEmpty();
        assertThat(ran.err())
            .contains(
                "The mirror at http://127.0.0.1:"
                    + port(mirror)
                    + " has another store than "
                    + folder)
            .hasLineCount(1);
      }
    }
  }

  @Test
  void no_mirror_is_one_line_and_a_status_of_its_own() throws IOException {
    int free = FreePorts.next();
    CommandRun ran = run("--admin-port", Integer.toString(free));

    assertThat(ran.status()).isEqualTo(69);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err())
        .startsWith("intrahub: No mirror answers at http://127.0.0.1:" + free + ".")
        .hasLineCount(1);
  }

  /** For example that of clients. */
  @Test
  void another_listener_is_told_from_the_operators() {
    try (DevHub hub = DevHub.builder().strict(false).start()) {
      CommandRun ran = run("--admin-port", Integer.toString(hub.uri().getPort()));

      assertThat(ran.status()).isEqualTo(69);
      assertThat(ran.err()).contains("is not the operator's listener of a mirror");
    }
  }

  @Test
  void a_port_that_the_mirror_chose_has_to_be_named() {
    CommandRun ran = run("--admin-port", "0");

    assertThat(ran.status()).isEqualTo(78);
    assertThat(ran.err()).contains("--admin-port").hasLineCount(1);
  }
}
