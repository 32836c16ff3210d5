package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.testing.MirrorUnderTest;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * Reads of kernels, buckets, papers, spaces and the dataset viewer by the real clients that know
 * them.
 */
class PythonReadsIT {
  /** As a name server that knows the mirror by a name, and by that of its dataset viewer. */
  private static final String NAMES =
      """
      import socket
      real = socket.getaddrinfo
      socket.getaddrinfo = lambda host, *a, **k: real(
          "127.0.0.1" if str(host).endswith("mirror.example") else host, *a, **k)
      """;

  private static final String VIEWER =
      """
      import report, sys
      from datasets.utils._dataset_viewer import get_exported_parquet_files
      report.of(lambda: {"files": get_exported_parquet_files("acme/rows", sys.argv[1], None)})
      """;

  @TempDir Path tmp;
  private MirrorUnderTest mirror;

  @BeforeEach
  void start() {
    mirror = new MirrorUnderTest(tmp.resolve("data"));
  }

  @AfterEach
  void stop() {
    mirror.close();
  }

  private PythonClient.Call client(String name) throws Exception {
    PythonClient client = new PythonClient(name, Files.createDirectories(tmp.resolve("homes")));
    client.assumeAvailable();
    return client.call().endpoint(mirror.uri());
  }

  @Test
  void a_kernel_is_described_and_its_files_load() throws Exception {
    String commit =
        mirror
            .hub()
            .repo("kernel", "acme/k")
            .commit("Add it", Map.of("build/k.py", DevFile.text("a kernel")));
    JsonNode seen =
        client("hf-2.4.0")
            .code(
                """
                import report
                from huggingface_hub import HfApi, hf_hub_download, snapshot_download
                def read():
                    info = HfApi().kernel_info("acme/k")
                    path = hf_hub_download("acme/k", "build/k.py", repo_type="kernel")
                    folder = snapshot_download("acme/k", repo_type="kernel")
                    return {"id": info.id, "sha": info.sha, "text": open(path).read(),
                            "files": report.tree(folder)}
                report.of(read)
                """)
            .expectSuccess()
            .json();
    assertThat(seen.get("id").asString()).isEqualTo("acme/k");
    assertThat(seen.get("sha").asString()).isEqualTo(commit);
    assertThat(seen.get("text").asString()).isEqualTo("a kernel");
    assertThat(seen.get("files").has("build/k.py")).isTrue();
  }

  @Test
  void a_bucket_is_listed_and_its_files_are_refused_with_the_reason() throws Exception {
    JsonNode seen =
        client("hf-2.4.0")
            .code(
                """
                import report
                from huggingface_hub import HfApi
                from huggingface_hub.utils import HfHubHTTPError
                def read():
                    api = HfApi()
                    seen = {"info": api.bucket_info("acme/bucket").id,
                            "all": [b.id for b in api.list_buckets("acme")],
                            "tree": [e.path for e in api.list_bucket_tree("acme/bucket")],
                            "paths": [e.path for e in
                                      api.get_bucket_paths_info("acme/bucket", ["a.bin"])]}
                    try:
                        api.get_bucket_file_metadata("acme/bucket", "a.bin")
                    except HfHubHTTPError as e:
                        seen["refused"] = str(e)
                    return seen
                report.of(read)
                """)
            .expectSuccess()
            .json();
    assertThat(seen.get("info").asString()).isEqualTo("acme/bucket");
    assertThat(seen.get("all").toString()).isEqualTo("[\"acme/bucket\"]");
    assertThat(seen.get("tree").toString()).isEqualTo("[\"a.bin\",\"data\"]");
    assertThat(seen.get("paths").toString()).isEqualTo("[\"a.bin\"]");
    assertThat(seen.get("refused").asString()).contains("does not serve the files of buckets");
  }

  @ParameterizedTest
  @ValueSource(strings = {"hf-1.33.0", "hf-2.4.0"})
  void papers_and_spaces_are_found_also_while_the_hub_is_away(String client) throws Exception {
    for (int round = 0; round < 2; round++) {
      JsonNode seen =
          client(client)
              .code(
                  """
                  import report
                  from huggingface_hub import HfApi
                  def read():
                      api = HfApi()
                      return {"paper": api.read_paper("2401.00001"),
                              "found": [s.id for s in api.search_spaces("image")],
                              "templates": [t.repo_id for t in api.list_space_templates()]}
                  report.of(read)
                  """)
              .expectSuccess()
              .json();
      assertThat(seen.get("paper").asString()).isEqualTo("# Paper 2401.00001\n");
      assertThat(seen.get("found").toString()).isEqualTo("[\"semantic-search\"]");
      assertThat(seen.get("templates").toString()).isEqualTo("[\"acme/plain\"]");
      mirror.hub().goDark();
    }
  }

  /** The second name is refused by the client itself. */
  @Test
  void a_load_with_a_file_that_can_not_be_served_fails_and_says_why() throws Exception {
    String deep = ("n".repeat(240) + "/").repeat(8) + "n".repeat(240);
    assertThat(snapshotWith(deep)).contains("longer than 2048 bytes");
    assertThat(snapshotWith("up\\..\\x.txt")).contains("Invalid filename");
  }

  /** Returns what the client says about a repo with a file of this name. */
  private String snapshotWith(String name) throws Exception {
    String repo = "acme/odd-" + name.length();
    mirror
        .hub()
        .repo("model", repo)
        .commit("Add them", Map.of("a.txt", DevFile.text("a"), name, DevFile.text("odd")));
    JsonNode seen =
        client("hf-2.4.0")
            .code(
                """
                import report, sys
                from huggingface_hub import HfApi, snapshot_download
                def read():
                    said = []
                    try:
                        snapshot_download(sys.argv[1])
                    except Exception as e:
                        while e:
                            said.append(str(e))
                            e = e.__cause__
                    return {"files": HfApi().list_repo_files(sys.argv[1]), "said": said}
                report.of(read)
                """,
                repo)
            .expectSuccess()
            .json();
    assertThat(seen.get("files").valueStream().map(JsonNode::asString)).contains("a.txt", name);
    return seen.get("said").toString();
  }

  private String rows() {
    return mirror
        .hub()
        .repo("dataset", "acme/rows")
        .commit("Add them", Map.of("data/train.csv", DevFile.text("n\n1\n2\n")));
  }

  @Test
  void datasets_finds_the_viewer_by_the_name_that_it_makes_of_the_endpoint() throws Exception {
    String commit = rows();
    URI named = URI.create("http://mirror.example:" + mirror.uri().getPort());
    JsonNode seen =
        client("datasets-5").endpoint(named).code(NAMES + VIEWER, commit).expectSuccess().json();
    assertThat(seen.get("files").get(0).get("url").asString())
        .isEqualTo(named + "/datasets/acme/rows/resolve/main/data/train.csv");
  }

  @Test
  void datasets_loads_without_the_viewer_where_its_name_does_not_resolve() throws Exception {
    String commit = rows();
    assertThat(client("datasets-5").code(VIEWER, commit).json().get("error").get("type").asString())
        .isEqualTo("DatasetViewerError");
    JsonNode seen =
        client("datasets-5")
            .code(
                """
                import report
                from datasets import load_dataset
                report.of(lambda: {"rows": load_dataset("acme/rows", split="train").num_rows})
                """)
            .expectSuccess()
            .json();
    assertThat(seen.get("rows").asInt()).isEqualTo(2);
  }
}
