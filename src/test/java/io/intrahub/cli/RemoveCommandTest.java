package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.intrahub.admin.AdminServer;
import io.intrahub.cli.command.ExitCode;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import io.intrahub.testing.MirrorUnderTest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code intrahub rm}, done by a mirror in this process and without one. */
@Timeout(120)
class RemoveCommandTest {
  private static final DevFile WEIGHTS = DevFile.lfsGenerated(3, 400_000);
  private static final DevFile CONFIG = DevFile.text("{\"model_type\": \"bert\"}\n");
  private static final DevFile OWN = DevFile.lfsGenerated(4, 300_000);

  @TempDir Path tmp;
  private MirrorUnderTest mirror;

  @BeforeEach
  void start() throws Exception {
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    mirror
        .hub()
        .repo("model", "acme/tiny")
        .commit("Add it", Map.of("config.json", CONFIG, "weights.bin", WEIGHTS, "own.bin", OWN));
    mirror
        .hub()
        .repo("model", "acme/copy")
        .commit("Add it", Map.of("config.json", CONFIG, "weights.bin", WEIGHTS));
    load("acme/tiny", "config.json", "weights.bin", "own.bin");
    load("acme/copy", "config.json", "weights.bin");
    mirror.mark();
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  private void load(String repo, String... paths) throws Exception {
    for (String path : paths) {
      assertThat(get(repo, path, "")).isNotEmpty();
    }
    mirror.awaitIdle();
  }

  private byte[] get(String repo, String path, String token) throws IOException {
    return CommandRun.load(mirror, repo, path, token);
  }

  private CommandRun run(String... arguments) {
    return CommandRun.at(mirror, arguments);
  }

  @Test
  void a_running_mirror_removes_a_repo_and_serves_the_other_one_that_shares_its_weights()
      throws Exception {
    CommandRun planned = run("rm", "acme/tiny", "--dry-run");
    assertThat(planned.status()).as(planned.err()).isZero();
    assertThat(planned.out())
        .contains("Would remove all of acme/tiny: 1 commit and the revision main.")
        .contains("Would free 292 KiB of 2 files.")
        .contains("1 file, 390 KiB, stay: other commits name them, of acme/copy.");
    load("acme/tiny", "own.bin");
    assertThat(mirror.contentReads()).as("after the dry run").isEmpty();

    CommandRun ran = run("rm", "acme/tiny", "--yes");

    assertThat(ran.status()).as(ran.err()).isZero();
    assertThat(ran.out())
        .contains("Removed all of acme/tiny: 1 commit")
        .contains("Freed 292 KiB of 2 files.");
    assertThat(run("ls").out()).contains("acme/copy").doesNotContain("acme/tiny");
    assertThat(mirror.storedBlobs()).doesNotContain(OWN.etag());
    assertThat(get("acme/copy", "weights.bin", "")).isEqualTo(WEIGHTS.allBytes());
    assertThat(mirror.contentReads()).as("of the other repo").isEmpty();
    assertThat(get("acme/tiny", "own.bin", "")).isEqualTo(OWN.allBytes());
    mirror.awaitIdle();
    assertThat(mirror.contentReads()).as("it is loaded again").isNotEmpty();
    mirror.restartOffline();
    assertThat(get("acme/tiny", "own.bin", "")).isEqualTo(OWN.allBytes());
    CommandRun again = run("rm", "acme/none", "--yes");
    assertThat(again.status()).isEqualTo(ExitCode.NOT_FOUND.status());
    assertThat(again.err()).contains("Nothing is stored of acme/none");
  }

  @Test
  void without_a_mirror_the_folder_is_changed_under_its_lock() throws Exception {
    CommandRun locked = CommandRun.at(mirror, 0, "rm", "acme/tiny", "--yes");
    assertThat(locked.status()).isEqualTo(ExitCode.CONFIG.status());
    assertThat(locked.err()).contains("name its operator's listener with --admin-host");
    mirror.app().close();

    CommandRun ran = CommandRun.at(mirror, 0, "rm", "acme/tiny", "--yes", "--json");

    assertThat(ran.status()).as(ran.err()).isZero();
    assertThat(ran.json().at("/files").asInt()).isEqualTo(2);
    assertThat(ran.json().at("/bytes").asInt()).isEqualTo(300_000 + CONFIG.allBytes().length);
    assertThat(ran.json().at("/shared/repos/0").asString()).isEqualTo("acme/copy");
    mirror.restartOffline();
    assertThat(get("acme/copy", "weights.bin", "")).isEqualTo(WEIGHTS.allBytes());
    assertThatThrownBy(() -> get("acme/tiny", "own.bin", "")).isInstanceOf(IOException.class);
  }

  @Test
  void a_revision_is_removed_and_the_others_stay() throws Exception {
    String first = mirror.hub().repo("model", "acme/tiny").commitOf("main").orElseThrow();
    mirror.hub().repo("model", "acme/tiny").tag("v1", first);
    DevFile changed = DevFile.lfsGenerated(9, 200_000);
    mirror.hub().repo("model", "acme/tiny").commit("Change it", "own.bin", changed);
    String v1 = "/acme/tiny/resolve/v1/own.bin";
    try (InputStream in = mirror.uri().resolve(v1).toURL().openStream()) {
      assertThat(in.readAllBytes()).isEqualTo(OWN.allBytes());
    }
    mirror.pass(Duration.ofMinutes(20));
    load("acme/tiny", "own.bin");
    mirror.pass(Duration.ofMinutes(20));
    load("acme/tiny", "own.bin");

    CommandRun ran = run("rm", "acme/tiny@v1", "--yes");

    assertThat(ran.status()).as(ran.err()).isZero();
    assertThat(ran.out()).contains("Removed from acme/tiny: 1 commit and the revision v1.");
    assertThat(mirror.storedBlobs()).contains(changed.etag()).doesNotContain(OWN.etag());
    mirror.mark();
    assertThat(get("acme/tiny", "own.bin", "")).isEqualTo(changed.allBytes());
    assertThat(mirror.contentReads()).isEmpty();
  }

  @Test
  void nobody_reads_a_removed_private_repo_before_the_hub_lets_them() throws Exception {
    mirror.hub().token("hf_alice", "alice");
    mirror.hub().token("hf_bob", "bob");
    mirror
        .hub()
        .repo("model", "acme/secret")
        .visibility(Visibility.PRIVATE)
        .allow("hf_alice")
        .commit("Add it", "own.bin", OWN);
    assertThat(get("acme/secret", "own.bin", "hf_alice")).isEqualTo(OWN.allBytes());
    mirror.awaitIdle();

    assertThat(run("rm", "acme/secret", "--yes").status()).isZero();

    // What is left of it, if anything, is for nobody: not even for those who could read it.
    mirror.restartOffline();
    for (String token : List.of("", "hf_bob", "hf_alice")) {
      assertThatThrownBy(() -> get("acme/secret", "own.bin", token))
          .isInstanceOf(IOException.class);
    }
    mirror.restart();
    assertThatThrownBy(() -> get("acme/secret", "own.bin", "hf_bob"))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> get("acme/secret", "own.bin", "")).isInstanceOf(IOException.class);
    assertThat(get("acme/secret", "own.bin", "hf_alice")).isEqualTo(OWN.allBytes());
    assertThatThrownBy(() -> get("acme/secret", "own.bin", "")).isInstanceOf(IOException.class);
  }

  @Test
  void a_load_that_is_under_way_ends_with_the_right_bytes() throws Exception {
    DevFile slow = DevFile.lfsGenerated(8, 700_000);
    mirror.hub().repo("model", "acme/slow").commit("Add it", "own.bin", slow);
    Stall stall = mirror.hub().faults().on(Route.CDN).always().stallAfter(100_000);
    CompletableFuture<byte[]> reader =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return get("acme/slow", "own.bin", "");
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            },
            Thread::startVirtualThread);
    await().atMost(Duration.ofSeconds(30)).until(() -> mirror.app().runningTransfers() > 0);

    CommandRun ran = run("rm", "acme/slow", "--yes");
    stall.release();

    assertThat(ran.status()).as(ran.err()).isZero();
    assertThat(reader.get()).isEqualTo(slow.allBytes());
    mirror.awaitIdle();
    assertThat(get("acme/slow", "own.bin", "")).isEqualTo(slow.allBytes());
    assertThat(mirror.data().resolve("quarantine")).isEmptyDirectory();
  }

  @Test
  void nothing_is_removed_unasked() {
    CommandRun ran = run("rm", "acme/tiny");

    assertThat(ran.status()).isEqualTo(ExitCode.USAGE.status());
    assertThat(ran.err()).contains("there is no terminal to ask on: name --yes");
    assertThat(run("rm", "acme/*", "--yes").err()).contains("'acme/*' is not a repo");
    assertThat(run("ls").out()).contains("acme/tiny");
  }

  @Test
  void only_who_can_read_the_folder_of_the_store_may_have_it_remove() throws Exception {
    byte[] job = "{\"dryRun\":false,\"targets\":[\"acme/tiny\"]}".getBytes(StandardCharsets.UTF_8);
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest forImports = CommandRun.signed(mirror, client, "import", job);
      for (String signature :
          List.of(
              "0".repeat(64),
              forImports.headers().firstValue(AdminServer.SIGNATURE).orElseThrow())) {
        HttpRequest forged =
            HttpRequest.newBuilder(forImports, (name, _) -> !name.equals(AdminServer.SIGNATURE))
                .uri(mirror.app().adminUri().resolve("/rm"))
                .header(AdminServer.SIGNATURE, signature)
                .build();

        assertThat(client.send(forged, HttpResponse.BodyHandlers.ofString()).statusCode())
            .isEqualTo(403);
      }
    }
    assertThat(run("ls").out()).contains("acme/tiny");
  }

  @Test
  void whoever_sees_a_signed_request_cannot_have_it_done_again() throws Exception {
    byte[] job = "{\"dryRun\":false,\"targets\":[\"acme/tiny\"]}".getBytes(StandardCharsets.UTF_8);
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest seen = CommandRun.signed(mirror, client, "rm", job);
      HttpResponse<String> first = client.send(seen, HttpResponse.BodyHandlers.ofString());
      assertThat(first.statusCode()).isEqualTo(200);
      assertThat(first.body()).contains("Removed all of acme/tiny");
      assertThat(first.headers().firstValue(AdminServer.PROOF)).isPresent();
      load("acme/tiny", "own.bin");

      HttpResponse<String> again = client.send(seen, HttpResponse.BodyHandlers.ofString());

      assertThat(again.statusCode()).isEqualTo(409);
      assertThat(again.headers().firstValue(AdminServer.PROOF)).isEmpty();
      assertThat(again.body()).contains("used before. Start the command again");
    }
    assertThat(run("ls").out()).contains("acme/tiny");
  }
}
