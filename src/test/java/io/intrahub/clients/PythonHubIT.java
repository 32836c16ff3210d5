package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DemoRepos;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The newest Python client, with hf-xet as users have it, and all that it can ask of a Hub. */
class PythonHubIT extends AgainstDemo {
  static final List<String> VERSIONS = PythonClient.VERSIONS;

  private PythonClient hf;

  @BeforeAll
  void findClient() {
    hf = new PythonClient("hf-2.4.0", tmp);
    hf.assumeAvailable();
    mirror.hub().repo("model", "demo/disabled").commit("Add", SMALL, DevFile.text("{}"));
    mirror.hub().repo("model", "demo/disabled").disabled(true);
    mirror
        .hub()
        .repo("model", "acme/backslashes")
        .commit(
            "Add names with backslashes, which git allows",
            Map.of(
                "weights\\part.bin",
                DevFile.lfsGenerated(8, 30_000),
                "d/conf\\a.json",
                DevFile.text("{}"),
                "plain.txt",
                DevFile.text("plain")));
  }

  private DevRepo bert() {
    return mirror.hub().repo("model", BERT);
  }

  @Test
  void the_command_line_tool_downloads_a_repo() throws Exception {
    Path folder = tmp.resolve("local");

    hf.call()
        .endpoint(mirror.uri())
        .hf("download", BERT, "--local-dir", folder.toString())
        .expectSuccess();

    SortedMap<String, DevFile> files = bert().files("main");
    for (Map.Entry<String, DevFile> file : files.entrySet()) {
      assertThat(Files.readAllBytes(folder.resolve(file.getKey())))
          .isEqualTo(file.getValue().allBytes());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "model, demo/tiny-bert, demo/tiny-bert, main",
    "model, demo/tiny-bert, demo/tiny-bert, v1.0",
    "model, demo/tiny-bert, demo/tiny-bert, refs/pr/1",
    "model, demo/tiny-bert, demo/tiny-bert, feature/x",
    "model, demo/tiny-bert, demo/tiny-bert, SHORT",
    "model, demo/tiny-bert, demo/tiny-bert, COMMIT",
    "model, demo/tiny-bert, demo/old-name, main",
    "model, demo/tiny-bert, Demo/Tiny-BERT, main",
    "model, tiny-gpt2, tiny-gpt2, main",
    "dataset, demo/tiny-ds, demo/tiny-ds, main",
    "dataset, demo/tiny-ds, demo/tiny-ds, refs/convert/parquet",
    "space, demo/hello-space, demo/hello-space, main",
    "model, acme/backslashes, acme/backslashes, main",
  })
  void a_snapshot_has_every_byte(String type, String id, String asked, String revision) {
    DevRepo repo = mirror.hub().repo(type, id);
    String main = repo.commitOf("main").orElseThrow();
    String meant = revision.replace("COMMIT", main).replace("SHORT", main.substring(0, 8));
    Map<String, String> keywords = Map.of("repo_type", type, "revision", meant);

    JsonNode loaded =
        hf.call()
            .endpoint(mirror.uri())
            .script("snapshot.py", asked, JsonMapper.shared().writeValueAsString(keywords))
            .expectSuccess()
            .json();

    LoadedRepo.expectFiles(loaded.get("files"), repo.files(meant));
    assertThat(loaded.get("folder").asString()).endsWith(repo.commitOf(meant).orElseThrow());
  }

  @Test
  void single_files_have_every_byte() {
    List<List<String>> files =
        List.of(
            List.of("model", BERT, "main", "__init__.py"),
            List.of("model", BERT, "v1.0", "config.json"),
            List.of("model", BERT, "refs/pr/1", "NOTES.md"),
            List.of("model", BERT, "main", "names/sub dir/f#1 é.txt"),
            List.of("model", BERT, "main", "names/a+b.txt"),
            List.of("model", BERT, "main", "names/100%.txt"),
            List.of("model", BERT, "main", "names/semi;colon.txt"),
            List.of("model", BERT, "main", "names/quo'te\".txt"),
            List.of("model", BERT, "main", "names/日本語.txt"),
            List.of("model", "tiny-gpt2", "main", "model.bin"),
            List.of("dataset", "demo/tiny-ds", "main", "columns/train.parquet"),
            List.of("space", "demo/hello-space", "main", "index.html"));
    ApiCalls calls = new ApiCalls();
    files.forEach(f ->
        calls.call(
            "hf_hub_download",
            Map.of(
                "repo_type",
                f.get(0),
                "repo_id",
                f.get(1),
                "revision",
                f.get(2),
                "filename",
                f.get(3))));

    List<JsonNode> paths = calls.run(hf.call().endpoint(mirror.uri()));

    for (int i = 0; i < files.size(); i++) {
      List<String> f = files.get(i);
      assertThat(ApiCalls.error(paths.get(i))).as(f.toString()).isEmpty();
      assertThat(Path.of(paths.get(i).asString()))
          .as(f.toString())
          .hasBinaryContent(
              mirror
                  .hub()
                  .repo(f.get(0), f.get(1))
                  .file(f.get(2), f.get(3))
                  .orElseThrow()
                  .allBytes());
    }
  }

  @ParameterizedTest
  @FieldSource("VERSIONS")
  void each_version_finds_what_is_there_and_misses_what_is_not(String version) {
    PythonClient client = new PythonClient(version, tmp);
    client.assumeAvailable();
    DevRepo repo = bert();
    Map<String, String> bert = Map.of("repo_id", BERT);

    List<JsonNode> r =
        new ApiCalls()
            .call("repo_exists", bert)
            .call("repo_exists", Map.of("repo_id", "demo/none"))
            .call("file_exists", Map.of("repo_id", BERT, "filename", SMALL))
            .call("file_exists", Map.of("repo_id", BERT, "filename", "none.json"))
            .call("revision_exists", Map.of("repo_id", BERT, "revision", "refs/pr/1"))
            .call("revision_exists", Map.of("repo_id", BERT, "revision", "nowhere"))
            .call("model_info", Map.of("repo_id", BERT, "files_metadata", true))
            .call("list_repo_files", Map.of("repo_id", BERT, "revision", "v1.0"))
            .call("list_repo_refs", Map.of("repo_id", BERT, "include_pull_requests", true))
            .call("list_repo_commits", bert)
            .call(
                "get_paths_info",
                Map.of("repo_id", BERT, "paths", List.of("onnx/deep", "none", LARGE)))
            .call(
                "list_repo_tree",
                Map.of("repo_id", BERT, "path_in_repo", "onnx/deep", "recursive", true))
            .call("list_repo_tree", Map.of("repo_id", "demo/many-files", "recursive", true))
            .call("dataset_info", Map.of("repo_id", "demo/tiny-ds"))
            .call("space_info", Map.of("repo_id", "demo/hello-space"))
            .run(client.call().endpoint(mirror.uri()));

    assertThat(r.subList(0, 6).stream().map(JsonNode::asBoolean))
        .containsExactly(true, false, true, false, true, false);
    assertThat(r.get(6).get("sha").asString()).isEqualTo(repo.commitOf("main").orElseThrow());
    Map<String, Long> sizes = new TreeMap<>();
    r.get(6)
        .get("siblings")
        .forEach(s -> sizes.put(s.get("rfilename").asString(), s.get("size").asLong()));
    Map<String, Long> expected = new TreeMap<>();
    repo.files("main").forEach((path, file) -> expected.put(path, file.size()));
    assertThat(sizes).isEqualTo(expected);
    assertThat(r.get(7).valueStream().map(JsonNode::asString))
        .containsExactlyInAnyOrderElementsOf(repo.files("v1.0").keySet());
    assertThat(names(r.get(8).get("branches"), "name"))
        .containsExactlyInAnyOrder("main", "feature/x");
    assertThat(names(r.get(8).get("tags"), "name")).containsExactly("v1.0");
    assertThat(names(r.get(8).get("pull_requests"), "ref")).containsExactly("refs/pr/1");
    assertThat(r.get(9).get(0).get("commit_id").asString())
        .isEqualTo(repo.commitOf("main").orElseThrow());
    assertThat(names(r.get(10), "path")).containsExactlyInAnyOrder("onnx/deep", LARGE);
    assertThat(names(r.get(11), "path"))
        .containsExactlyInAnyOrder("onnx/deep/er", "onnx/deep/er/config.json");
    assertThat(r.get(12)).hasSize(1212);
    assertThat(r.get(13).get("sha").asString())
        .isEqualTo(mirror.hub().repo("dataset", "demo/tiny-ds").commitOf("main").orElseThrow());
    assertThat(r.get(14).get("sdk").asString()).isEqualTo("static");
  }

  private static List<String> names(JsonNode list, String field) {
    return list.valueStream().map(e -> e.get(field).asString()).toList();
  }

  @ParameterizedTest
  @FieldSource("VERSIONS")
  void each_version_reads_files_through_its_file_system(String version) {
    PythonClient client = new PythonClient(version, tmp);
    client.assumeAvailable();
    DevFile large = bert().file("main", LARGE).orElseThrow();
    DevFile csv =
        mirror.hub().repo("dataset", "demo/tiny-ds").file("main", "data/train.csv").orElseThrow();

    List<JsonNode> r =
        new ApiCalls()
            .call("fs.ls", Map.of("path", BERT + "/onnx", "detail", false))
            .call("fs.info", Map.of("path", BERT + "/" + LARGE))
            .call("fs.cat_file", Map.of("path", "datasets/demo/tiny-ds/data/train.csv"))
            .call(
                "fs.cat_file",
                Map.of("path", "datasets/demo/tiny-ds/data/train.csv", "start", 5, "end", 50))
            .call("fs.exists", Map.of("path", BERT + "/none"))
            .call("fs.glob", Map.of("path", BERT + "@refs/pr/1/*.md"))
            .call("fs.find", Map.of("path", "demo/many-files/part-03"))
            .run(client.call().endpoint(mirror.uri()));

    String text = new String(csv.allBytes(), StandardCharsets.UTF_8);
    assertThat(r.get(0).valueStream().map(JsonNode::asString)).containsExactly(BERT + "/onnx/deep");
    assertThat(r.get(1).get("size").asLong()).isEqualTo(large.size());
    assertThat(r.get(2).asString()).isEqualTo(text);
    assertThat(r.get(3).asString()).isEqualTo(text.substring(5, 50));
    assertThat(r.get(4).asBoolean()).isFalse();
    assertThat(r.get(5).valueStream().map(JsonNode::asString))
        .containsExactlyInAnyOrder(BERT + "@refs/pr/1/NOTES.md", BERT + "@refs/pr/1/README.md");
    assertThat(r.get(6)).hasSize(100);
  }

  @Test
  void a_file_that_is_read_in_pieces_has_the_right_bytes() {
    DevFile large = bert().file("main", LARGE).orElseThrow();
    String python =
        """
        import hashlib, report, huggingface_hub
        def pieces():
            with huggingface_hub.HfFileSystem().open("%s", block_size=4096) as f:
                f.seek(1000); first = f.read(5000)
                f.seek(0); rest = b"".join(iter(lambda: f.read(3000), b""))
            return {"first": hashlib.sha256(first).hexdigest() == hashlib.sha256(
                rest[1000:6000]).hexdigest(), "sha256": hashlib.sha256(rest).hexdigest()}
        report.of(pieces)
        """
            .formatted(BERT + "/" + LARGE);

    JsonNode read = hf.call().endpoint(mirror.uri()).code(python).expectSuccess().json();

    assertThat(read.get("first").asBoolean()).isTrue();
    assertThat(read.get("sha256").asString()).isEqualTo(large.sha256());
  }

  /**
   * By repo, what comes of: a file, a snapshot, its info, a listing, a check of permission, a file
   * of a revision that is not there, a file that is not there.
   */
  private static final String ANONYMOUS_OUTCOMES =
      """
      demo/tiny-bert      ok         ok         ok      ok      ok      Revision   Entry
      demo/none           Repo401    Repo401    Repo401 Repo401 Repo401 Repo401    Repo401
      demo/private-model  Repo401    Repo401    Repo401 Repo401 Repo401 Repo401    Repo401
      demo/gated-model    Gated401   Gated401   ok      ok      Gated401 Gated401  Gated401
      demo/disabled       <-Disabled <-Disabled Disabled Disabled Disabled <-Disabled <-Disabled
      """;

  private static final String BOBS_OUTCOMES =
      """
      demo/tiny-bert      ok         ok         ok      ok      ok      Revision   Entry
      demo/none           Repo404    Repo404    Repo404 Repo404 Repo404 Repo404    Repo404
      demo/private-model  Repo404    Repo404    Repo404 Repo404 Repo404 Repo404    Repo404
      demo/gated-model    Gated403   Gated403   ok      ok      Gated403 Gated403  Gated403
      """;

  private static final String ALICES_OUTCOMES =
      """
      demo/tiny-bert      ok         ok         ok      ok      ok      Revision   Entry
      demo/private-model  ok         ok         ok      ok      ok      Revision   Entry
      demo/gated-model    ok         ok         ok      ok      ok      Revision   Entry
      """;

  /** A token that has run out does not close what everybody may read. */
  private static final String OUTCOMES_OF_A_BAD_TOKEN =
      """
      demo/tiny-bert      ok         ok         ok      ok      Http401 Revision   Entry
      demo/private-model  Http401    Http401    Http401 Http401 Http401 Http401    Http401
      """;

  @Test
  void anonymous_askers_meet_the_exceptions_of_the_hub() {
    expectOutcomes("", ANONYMOUS_OUTCOMES);
  }

  @Test
  void bob_meets_the_exceptions_of_the_hub() {
    expectOutcomes(DemoRepos.BOB, BOBS_OUTCOMES);
  }

  @Test
  void alice_meets_no_exceptions_but_for_what_is_not_there() {
    expectOutcomes(DemoRepos.ALICE, ALICES_OUTCOMES);
  }

  @Test
  void a_bad_token_meets_the_exceptions_of_the_hub() {
    expectOutcomes("hf_unknown", OUTCOMES_OF_A_BAD_TOKEN);
  }

  private void expectOutcomes(String token, String table) {
    List<List<String>> rows = table.lines().map(line -> List.of(line.strip().split(" +"))).toList();
    ApiCalls calls = new ApiCalls();
    for (List<String> row : rows) {
      Map<String, String> repo = Map.of("repo_id", row.getFirst());
      Map<String, String> file = Map.of("repo_id", row.getFirst(), "filename", SMALL);
      calls
          .call("hf_hub_download", file)
          .call("snapshot_download", repo)
          .call("model_info", repo)
          .call("list_repo_tree", repo)
          .call("auth_check", repo)
          .call("hf_hub_download", with(file, "revision", "nowhere"))
          .call("hf_hub_download", with(file, "filename", "none.json"));
    }
    PythonClient.Call process = hf.call().endpoint(mirror.uri());
    if (!token.isEmpty()) {
      process.token(token);
    }
    List<String> outcomes = calls.run(process).stream().map(PythonHubIT::outcome).toList();

    for (int i = 0; i < rows.size(); i++) {
      List<String> row = rows.get(i);
      assertThat(outcomes.subList(7 * i, 7 * i + 7))
          .as("%s of %s", row.getFirst(), token)
          .isEqualTo(row.subList(1, row.size()));
    }
  }

  private static Map<String, String> with(Map<String, String> map, String key, String value) {
    Map<String, String> copy = new TreeMap<>(map);
    copy.put(key, value);
    return copy;
  }

  /** "ok" or a short name of the exception; with an arrow if the client wraps it in its own. */
  private static String outcome(JsonNode result) {
    if (ApiCalls.error(result).isEmpty()) {
      return "ok";
    }
    JsonNode error = result.get("error");
    String type = error.get("type").asString();
    int status = error.get("status").asInt(0);
    return switch (type) {
      case "RepositoryNotFoundError" -> "Repo" + status;
      case "GatedRepoError" -> "Gated" + status;
      case "DisabledRepoError" -> "Disabled";
      case "RevisionNotFoundError" -> "Revision";
      case "RemoteEntryNotFoundError" -> "Entry";
      case "HfHubHTTPError" -> "Http" + status;
      case "LocalEntryNotFoundError" ->
          "<-" + outcome(JsonMapper.shared().createObjectNode().set("error", error.get("cause")));
      default -> type;
    };
  }

  @Test
  void each_token_learns_whose_it_is() {
    for (String name : List.of("alice", "bob")) {
      JsonNode whoami =
          new ApiCalls()
              .call("whoami", Map.of())
              .run(hf.call().endpoint(mirror.uri()).token("hf_" + name))
              .getFirst();
      assertThat(whoami.get("name").asString()).isEqualTo(name);
    }
    JsonNode unknown =
        new ApiCalls()
            .call("whoami", Map.of())
            .run(hf.call().endpoint(mirror.uri()).token("hf_unknown"))
            .getFirst();
    assertThat(unknown.get("error").get("status").asInt()).isEqualTo(401);
  }
}
