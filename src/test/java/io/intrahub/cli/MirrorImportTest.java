package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.cachefolder.Git;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.testing.MirrorUnderTest;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code intrahub import} into the store of a mirror in this process. */
@Timeout(120)
class MirrorImportTest {
  private static final String ID = "acme/carried";
  private static final Map<String, DevFile> FILES =
      Map.of(
          "config.json", DevFile.text("{\"model_type\": \"bert\"}\n"),
          "model.bin", DevFile.lfsGenerated(3, 400_000),
          "other.bin", DevFile.lfsGenerated(4, 300_000));

  @TempDir Path tmp;
  private MirrorUnderTest mirror;
  private Path cache;
  private String commit = "";

  @BeforeEach
  void start() throws Exception {
    mirror = new MirrorUnderTest(tmp.resolve("data"));
    commit = mirror.hub().repo("model", ID).commit("Add it", FILES);
    cache = tmp.resolve("hub");
    Path repo = cache.resolve("models--acme--carried");
    for (String name : List.of("blobs", "refs", "snapshots/" + commit)) {
      Files.createDirectories(repo.resolve(name));
    }
    Files.writeString(repo.resolve("refs/main"), commit);
    for (Map.Entry<String, DevFile> file : FILES.entrySet()) {
      String etag = file.getValue().etag();
      Files.write(repo.resolve("blobs/" + etag), file.getValue().allBytes());
      Files.createSymbolicLink(
          repo.resolve("snapshots/" + commit + "/" + file.getKey()),
          Path.of("../../blobs/" + etag));
    }
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  private CommandRun run(String... arguments) {
    return CommandRun.at(
        mirror, Stream.concat(Stream.of("import"), Stream.of(arguments)).toArray(String[]::new));
  }

  private byte[] get(String path) throws Exception {
    return CommandRun.load(mirror, ID, path, "");
  }

  private List<Recorded> contentReads() {
    mirror.awaitIdle();
    return mirror.hub().log().stream()
        .filter(r -> Set.of(Route.CDN, Route.RESOLVE_CACHE).contains(r.route()))
        .toList();
  }

  @Test
  void a_running_mirror_imports_and_serves_without_fetching_the_content() throws Exception {
    CommandRun ran = run("--hf-cache", cache.toString());

    assertThat(ran.status()).as(ran.err()).isZero();
    assertThat(ran.err()).isEmpty();
    assertThat(ran.out())
        .contains("Reading " + cache + ", as ")
        .contains("model acme/carried: 3 files of 1 commit; added 3 files")
        .contains("new revisions: main");
    for (Map.Entry<String, DevFile> file : FILES.entrySet()) {
      assertThat(get(file.getKey())).isEqualTo(file.getValue().allBytes());
    }
    assertThat(contentReads()).isEmpty();
    JsonNode again = run("--hf-cache", cache.toString(), "--json").json();
    assertThat(again.at("/repos/0/added").asInt(-1)).isZero();
    assertThat(again.at("/repos/0/files").asInt()).isEqualTo(3);
  }

  @Test
  void a_running_mirror_imports_a_git_clone() throws Exception {
    Path clone = Files.createDirectory(tmp.resolve("clone"));
    Git.run(clone, "init", "-q", "-b", "main");
    byte[] config = FILES.get("config.json").allBytes();
    Files.write(clone.resolve("config.json"), config);
    Git.run(clone, "add", "-A");
    Git.run(clone, "commit", "-q", "-m", "Another commit with the same file");

    CommandRun ran = run("--git", clone.toString(), "--repo", ID);

    assertThat(ran.expectSuccess().out())
        .contains("model acme/carried: 1 file of 1 commit; added 1 file");
    assertThat(get("config.json")).isEqualTo(config);
    assertThat(contentReads()).isEmpty();
  }

  @Test
  void a_running_mirror_links_plain_files() throws Exception {
    Path plain = Files.createDirectory(tmp.resolve("plain"));
    Path model = plain.resolve("model.bin");
    Files.write(model, FILES.get("model.bin").allBytes());
    Files.writeString(plain.resolve(".gitattributes"), "*.bin filter=lfs diff=lfs merge=lfs\n");

    CommandRun ran =
        run("--files", plain.toString(), "--repo", ID + "@main", "--commit", commit, "--link");

    assertThat(ran.expectSuccess().out()).contains("added 2 files", "new revisions: main");
    assertThat((int) Files.getAttribute(model, "unix:nlink")).isEqualTo(2);
    assertThat(get("model.bin")).isEqualTo(FILES.get("model.bin").allBytes());
    assertThat(contentReads()).isEmpty();
  }

  @Test
  void a_file_that_is_being_fetched_meanwhile_is_whole_for_its_reader_and_afterwards()
      throws Exception {
    Stall stall = mirror.hub().faults().on(Route.CDN).always().stallAfter(100_000);
    CompletableFuture<byte[]> reader = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            reader.complete(get("model.bin"));
          } catch (Exception e) {
            reader.completeExceptionally(e);
          }
        });
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> mirror.app().runningTransfers() > 0 && !contentLog().isEmpty());

    CommandRun ran = run("--hf-cache", cache.toString());
    assertThat(ran.status()).as(ran.err()).isZero();
    stall.release();

    assertThat(reader.get()).isEqualTo(FILES.get("model.bin").allBytes());
    for (Map.Entry<String, DevFile> file : FILES.entrySet()) {
      assertThat(get(file.getKey())).isEqualTo(file.getValue().allBytes());
    }
    mirror.awaitIdle();
    mirror.restart();
    assertThat(get("model.bin")).isEqualTo(FILES.get("model.bin").allBytes());
    assertThat(mirror.data().resolve("quarantine")).isEmptyDirectory();
  }

  private List<Recorded> contentLog() {
    return mirror.hub().log().stream().filter(r -> r.route() == Route.CDN).toList();
  }

  @Test
  void the_hub_is_asked_who_may_read_before_anything_is_served_again() throws Exception {
    assertThat(get("config.json")).isNotEmpty();
    mirror.awaitIdle();
    assertThat(get("config.json")).isNotEmpty();
    mirror.awaitIdle();
    int before = mirror.hub().log().size();
    assertThat(get("config.json")).isNotEmpty();
    assertThat(mirror.hub().log()).as("the grant counts").hasSize(before);

    run("--hf-cache", cache.toString());

    assertThat(get("config.json")).isNotEmpty();
    assertThat(mirror.hub().log().subList(before, mirror.hub().log().size()))
        .extracting(Recorded::route)
        .contains(Route.REPO_INFO);
  }

  @Test
  void what_the_hub_has_listed_of_the_repo_is_not_listed_again_after_an_import() throws Exception {
    URI info = mirror.uri().resolve("/api/models/" + ID + "/revision/main");
    try (InputStream in = info.toURL().openStream()) {
      assertThat(in.readAllBytes()).isNotEmpty();
    }
    assertThat(get("config.json")).isNotEmpty();
    mirror.awaitIdle();
    assertThat(mirror.hub().log()).extracting(Recorded::route).contains(Route.TREE);
    int before = mirror.hub().log().size();

    assertThat(run("--hf-cache", cache.toString()).out()).contains("added 2 files");

    for (Map.Entry<String, DevFile> file : FILES.entrySet()) {
      assertThat(get(file.getKey())).isEqualTo(file.getValue().allBytes());
    }
    mirror.awaitIdle();
    assertThat(mirror.hub().log().subList(before, mirror.hub().log().size()))
        .extracting(Recorded::route)
        .contains(Route.REPO_INFO)
        .doesNotContain(Route.TREE, Route.CDN, Route.RESOLVE_CACHE);
  }

  @Test
  @Tag("slow")
  void an_import_ends_if_its_command_goes_away_while_a_large_file_is_read() throws Exception {
    Path folder = Files.createDirectories(tmp.resolve("plain"));
    try (RandomAccessFile file = new RandomAccessFile(folder.resolve("a.bin").toFile(), "rw")) {
      file.setLength(1L << 40);
    }
    ImportJob job =
        new ImportJob(ImportJob.Kind.FILES, folder, List.of(ID), commit, false).checked();
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request = CommandRun.signed(mirror, client, "import", job.toJson());
      InputStream events = client.send(request, HttpResponse.BodyHandlers.ofInputStream()).body();
      assertThat(events.read()).as("it has begun").isPositive();
      assertThat(run("--hf-cache", cache.toString()).err())
          .contains("The mirror is doing another import");
      events.close();
      client.shutdownNow();
    }

    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(run("--hf-cache", cache.toString()).status()).isZero());
  }

  @Test
  void a_folder_that_the_mirror_cannot_read_is_named() {
    CommandRun ran = run("--hf-cache", tmp.resolve("none").toString());

    assertThat(ran.status()).isEqualTo(Main.EX_IOERR);
    assertThat(ran.err()).contains("The import from " + tmp.resolve("none") + " stopped");
  }

  @Test
  void only_who_can_read_the_folder_of_the_store_may_have_it_import() throws Exception {
    byte[] job = new ImportJob(ImportJob.Kind.HF_CACHE, cache, List.of(), "", false).toJson();
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(mirror.app().adminUri().resolve("/import"))
                  .header("X-Intrahub-Signature", "0".repeat(64))
                  .POST(HttpRequest.BodyPublishers.ofByteArray(job))
                  .build(),
              HttpResponse.BodyHandlers.ofString());

      assertThat(answer.statusCode()).isEqualTo(403);
      assertThat(answer.body()).contains("not signed");
    }
  }
}
