package io.intrahub.devhub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The JSON routes. */
class ApiTest {
  private static final DevFile WEIGHTS = DevFile.lfsGenerated(7, 14_504);

  private DevHub hub;
  private DevRepo repo;
  private String first;
  private String sha;
  private DevCaller devCaller;

  @BeforeEach
  void start() {
    hub = DevHub.builder().start();
    devCaller = new DevCaller(hub.uri());
    repo = hub.repo("model", "acme/tiny-bert").labels("bert", "license:mit");
    first =
        repo.commit(
            "main", "first\n\nwith a body", DevCaller.files("config.json", DevFile.text("{}")));
    sha =
        repo.commit(
            "main",
            "second",
            DevCaller.files(
                "model.bin",
                WEIGHTS,
                "onnx/sub/a b.txt",
                DevFile.text("1"),
                "é.txt",
                DevFile.text("2")));
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  @Test
  void info_has_the_fields_that_clients_need() {
    for (String target :
        List.of("/api/models/acme/tiny-bert", "/api/models/acme/tiny-bert/revision/main")) {
      DevCaller.Answer answer = devCaller.get(target);
      assertThat(answer.header("X-Repo-Commit")).contains(sha);
      assertThat(answer.header("ETag").orElseThrow()).startsWith("W/\"");
      JsonNode info = answer.json();
      assertThat(info.get("_id").asString()).hasSize(24).isEqualTo(repo.internalId());
      assertThat(info.get("id").asString()).isEqualTo("acme/tiny-bert");
      assertThat(info.get("modelId").asString()).isEqualTo("acme/tiny-bert");
      assertThat(info.get("author").asString()).isEqualTo("acme");
      assertThat(info.get("sha").asString()).isEqualTo(sha);
      assertThat(info.get("private").asBoolean()).isFalse();
      assertThat(info.get("gated").isBoolean()).isTrue();
      assertThat(info.get("disabled").asBoolean()).isFalse();
      assertThat(info.get("lastModified").asString()).matches("\\d{4}-..-..T..:..:..\\.\\d{3}Z");
      assertThat(info.get("tags").get(1).asString()).isEqualTo("license:mit");
      assertThat(info.get("siblings").toString())
          .isEqualTo(
              "[{\"rfilename\":\"config.json\"},{\"rfilename\":\"model.bin\"},"
                  + "{\"rfilename\":\"onnx/sub/a b.txt\"},{\"rfilename\":\"é.txt\"}]");
      assertThat(answer.text()).doesNotContain("\\/").doesNotContain(": ");
    }
  }

  @Test
  void info_of_an_old_commit_has_its_own_files() {
    JsonNode info = devCaller.get("/api/models/acme/tiny-bert/revision/" + first).json();
    assertThat(info.get("sha").asString()).isEqualTo(first);
    assertThat(info.get("siblings").size()).isEqualTo(1);
  }

  @Test
  void blobs_adds_sizes_and_ids() {
    JsonNode siblings =
        devCaller.get("/api/models/acme/tiny-bert?blobs=True").json().get("siblings");
    assertThat(siblings.get(0).toString())
        .isEqualTo(
            "{\"rfilename\":\"config.json\",\"size\":2,"
                + "\"blobId\":\"9e26dfeeb6e641a33dae4961196235bdb965b21b\"}");
    assertThat(siblings.get(1).get("lfs").toString())
        .isEqualTo(
            "{\"sha256\":\"%s\",\"size\":14504,\"pointerSize\":%d}"
                .formatted(WEIGHTS.sha256(), WEIGHTS.pointer().length()));
    assertThat(siblings.get(1).get("blobId").asString()).isEqualTo(WEIGHTS.gitOid());
  }

  @Test
  void expand_gives_only_what_is_named() {
    for (String query :
        List.of(
            "expand=sha&expand=tags",
            "expand%5B%5D=sha&expand%5B%5D=tags",
            "expand[0]=sha&expand[1]=tags")) {
      assertThat(devCaller.get("/api/models/acme/tiny-bert?" + query).json().propertyNames())
          .containsExactlyInAnyOrder("_id", "id", "sha", "tags");
    }
  }

  @Test
  void meta_adds_and_replaces_fields() {
    repo.meta("library_name", "\"transformers\"").meta("likes", "99");
    JsonNode info = devCaller.get("/api/models/acme/tiny-bert").json();
    assertThat(info.get("library_name").asString()).isEqualTo("transformers");
    assertThat(info.get("likes").asInt()).isEqualTo(99);
  }

  @Test
  void info_of_the_other_types_has_their_fields() {
    hub.repo("dataset", "acme/ds").commit("m", "a", DevFile.text(""));
    hub.repo("space", "acme/sp").commit("m", "a", DevFile.text(""));
    JsonNode dataset = devCaller.get("/api/datasets/acme/ds").json();
    assertThat(dataset.has("modelId")).isFalse();
    assertThat(dataset.has("description")).isTrue();
    assertThat(devCaller.get("/api/spaces/acme/sp").json().get("runtime").get("stage").asString())
        .isEqualTo("RUNNING");
  }

  @Test
  void a_tree_lists_direct_children_or_everything() {
    JsonNode direct = devCaller.get("/api/models/acme/tiny-bert/tree/main?recursive=False").json();
    assertThat(paths(direct)).containsExactly("config.json", "model.bin", "onnx", "é.txt");
    JsonNode all =
        devCaller.get("/api/models/acme/tiny-bert/tree/main?recursive=true&expand=false").json();
    assertThat(paths(all))
        .containsExactly(
            "config.json", "model.bin", "onnx", "onnx/sub", "onnx/sub/a b.txt", "é.txt");
    assertThat(all.get(0).toString())
        .isEqualTo(
            "{\"type\":\"file\",\"oid\":\"9e26dfeeb6e641a33dae4961196235bdb965b21b\","
                + "\"size\":2,\"path\":\"config.json\"}");
    assertThat(all.get(1).toString())
        .isEqualTo(
            ("{\"type\":\"file\",\"oid\":\"%s\",\"size\":14504,"
                    + "\"lfs\":{\"oid\":\"%s\",\"size\":14504,\"pointerSize\":%d},"
                    + "\"xetHash\":\"%s\",\"path\":\"model.bin\"}")
                .formatted(
                    WEIGHTS.gitOid(),
                    WEIGHTS.sha256(),
                    WEIGHTS.pointer().length(),
                    WEIGHTS.xetHash()));
    assertThat(all.get(2).get("type").asString()).isEqualTo("directory");
    assertThat(all.get(2).get("size").asInt()).isZero();

    hub.xet(false);
    assertThat(devCaller.get("/api/models/acme/tiny-bert/tree/main").text())
        .doesNotContain("xetHash");
  }

  @Test
  void a_sub_folder_is_asked_with_either_slash() {
    for (String path : List.of("onnx%2Fsub", "onnx/sub")) {
      assertThat(paths(devCaller.get("/api/models/acme/tiny-bert/tree/main/" + path).json()))
          .containsExactly("onnx/sub/a b.txt");
    }
  }

  @Test
  void expand_adds_the_last_commit_and_the_scan() {
    JsonNode all =
        devCaller.get("/api/models/acme/tiny-bert/tree/main?expand=true&recursive=1").json();
    assertThat(all.get(0).get("lastCommit").toString())
        .isEqualTo(
            "{\"id\":\"%s\",\"title\":\"first\",\"date\":\"2026-01-02T03:04:05.000Z\"}"
                .formatted(first));
    assertThat(all.get(0).get("securityFileStatus").propertyNames())
        .contains("status", "avScan", "pickleImportScan");
    assertThat(all.get(2).has("securityFileStatus")).isFalse();
    assertThat(all.get(2).get("lastCommit").get("id").asString()).isEqualTo(sha);
  }

  @Test
  void long_listings_come_in_pages_by_absolute_links() {
    Map<String, DevFile> files = new TreeMap<>();
    for (int i = 0; i < 25; i++) {
      files.put("many/%02d é+.txt".formatted(i), DevFile.text("" + i));
    }
    repo.commit("main", "many", files);
    hub.treePageSize(10);
    List<String> seen = new ArrayList<>();
    String target = hub.uri() + "/api/models/acme/tiny-bert/tree/main/many?recursive=true";
    int pages = 0;
    while (!target.isEmpty()) {
      DevCaller.Answer page = devCaller.get(target);
      assertThat(page.status()).isEqualTo(200);
      seen.addAll(paths(page.json()));
      String link = page.header("Link").orElse("");
      target = link.isEmpty() ? "" : link.substring(1, link.indexOf(">; rel=\"next\""));
      assertThat(target).matches("|" + hub.uri() + "/api/models/.*limit=10&cursor=.*");
      pages++;
    }
    assertThat(seen).containsExactlyElementsOf(files.keySet());
    assertThat(pages).isEqualTo(3);
    assertThat(devCaller.get("/api/models/acme/tiny-bert/tree/main/many?limit=5").json().size())
        .isEqualTo(5);
    assertThat(devCaller.get("/api/models/acme/tiny-bert/tree/main/many?cursor=eA").status())
        .isEqualTo(400);
  }

  @Test
  void paths_info_takes_forms_and_json_and_leaves_out_what_is_missing() {
    String target = "/api/models/acme/tiny-bert/paths-info/main";
    DevCaller.Answer form =
        devCaller.post(
            target,
            "application/x-www-form-urlencoded",
            "paths=onnx%2Fsub%2Fa+b.txt&paths=none&paths=onnx&paths=model.bin&expand=True");
    assertThat(paths(form.json())).containsExactly("onnx/sub/a b.txt", "onnx", "model.bin");
    assertThat(form.json().get(0).has("lastCommit")).isTrue();
    DevCaller.Answer json =
        devCaller.post(
            target, "application/json", "{\"paths\":[\"é.txt\",\"x\"],\"expand\":false}");
    assertThat(paths(json.json())).containsExactly("é.txt");
    assertThat(json.json().get(0).has("lastCommit")).isFalse();
    assertThat(devCaller.post(target, "application/json", "{\"paths\":[]}").text()).isEqualTo("[]");
    assertThat(devCaller.post(target, "application/json", "{\"paths\":[").status()).isEqualTo(400);
  }

  @Test
  void refs_come_in_groups() {
    repo.tag("v1.0", first).branch("feature/x", first);
    repo.ref("refs/convert/parquet", sha).ref("refs/pr/1", sha);
    String plain = devCaller.get("/api/models/acme/tiny-bert/refs").text();
    assertThat(plain)
        .isEqualTo(
            ("{'branches':[{'name':'main','ref':'refs/heads/main','targetCommit':'%2$s'},"
                    + "{'name':'feature/x','ref':'refs/heads/feature/x','targetCommit':'%1$s'}],"
                    + "'converts':[{'name':'parquet','ref':'refs/convert/parquet',"
                    + "'targetCommit':'%2$s'}],"
                    + "'tags':[{'name':'v1.0','ref':'refs/tags/v1.0','targetCommit':'%1$s'}]}")
                .formatted(first, sha)
                .replace('\'', '"'));
    JsonNode more = devCaller.get("/api/models/acme/tiny-bert/refs?include_prs=1").json();
    assertThat(more.get("pullRequests").get(0).get("ref").asString()).isEqualTo("refs/pr/1");
    repo.deleteRef("refs/tags/v1.0");
    assertThat(devCaller.get("/api/models/acme/tiny-bert/refs").json().get("tags").size()).isZero();
  }

  @Test
  void commits_come_newest_first_and_in_pages() {
    DevCaller.Answer all = devCaller.get("/api/models/acme/tiny-bert/commits/main");
    assertThat(all.header("X-Total-Count")).contains("2");
    assertThat(all.json().get(0).get("id").asString()).isEqualTo(sha);
    assertThat(all.json().get(1).get("title").asString()).isEqualTo("first");
    assertThat(all.json().get(1).get("message").asString()).isEqualTo("with a body");
    DevCaller.Answer page =
        devCaller.get("/api/models/acme/tiny-bert/commits/main?expand%5B%5D=formatted&limit=1");
    assertThat(page.json().get(0).get("formatted").has("title")).isTrue();
    String link = page.header("Link").orElseThrow();
    DevCaller.Answer next = devCaller.get(link.substring(1, link.indexOf('>')));
    assertThat(next.json().get(0).get("id").asString()).isEqualTo(first);
    assertThat(next.header("Link")).isEmpty();
  }

  @Test
  void the_small_calls_answer() {
    hub.token("hf_alice", "alice");
    assertThat(devCaller.get("/api/agent-harnesses").text())
        .isEqualTo("{\"standardEnvVars\":[],\"harnesses\":{}}");
    assertThat(devCaller.head("/api/telemetry/x/y").status()).isEqualTo(200);
    assertThat(devCaller.get("/api/whoami-v2").status()).isEqualTo(401);
    JsonNode me = devCaller.as("hf_alice").get("/api/whoami-v2").json();
    assertThat(me.get("name").asString()).isEqualTo("alice");
    assertThat(me.get("auth").get("accessToken").get("role").asString()).isEqualTo("read");
    assertThat(
            devCaller.get("/api/models/acme/tiny-bert/discussions?p=0").json().get("count").asInt())
        .isZero();
    assertThat(devCaller.get("/api/models/acme/tiny-bert/likers").text()).isEqualTo("[]");
  }

  @Test
  void a_dataset_lists_parquet_files_and_redirects_to_each() {
    hub.repo("dataset", "acme/rows").commit("m", "a.csv", DevFile.text("a,b"));
    String listed = "/api/datasets/acme/rows/parquet";
    String file = hub.uri() + listed + "/default/train/0.parquet";
    assertThat(devCaller.get(listed).text())
        .isEqualTo("{\"default\":{\"train\":[\"" + file + "\"]}}");
    assertThat(devCaller.get(listed + "/default/train").text()).isEqualTo("[\"" + file + "\"]");
    DevCaller.Answer redirect = devCaller.get(listed + "/default/train/12.parquet");
    assertThat(redirect.status()).isEqualTo(302);
    assertThat(redirect.header("Location"))
        .contains(
            hub.uri()
                + "/datasets/acme/rows/resolve/refs%2Fconvert%2Fparquet/default/train/0012.parquet");
  }

  @Test
  void search_finds_what_the_caller_may_see() {
    hub.token("hf_alice", "alice");
    DevRepo hidden = hub.repo("model", "acme/secret-bert");
    hidden.visibility(Visibility.PRIVATE).allow("hf_alice");
    hidden.commit("m", "a", DevFile.text(""));
    hub.repo("model", "other/gpt").commit("m", "a", DevFile.text(""));
    assertThat(ids(devCaller.get("/api/models?search=BERT"))).containsExactly("acme/tiny-bert");
    assertThat(ids(devCaller.as("hf_alice").get("/api/models?author=acme")))
        .containsExactly("acme/tiny-bert", "acme/secret-bert");
    assertThat(ids(devCaller.get("/api/models?limit=1"))).hasSize(1);
  }

  @Test
  void a_weak_etag_of_json_is_honoured() {
    String etag = devCaller.get("/api/models/acme/tiny-bert").header("ETag").orElseThrow();
    DevCaller.Answer same = devCaller.get("/api/models/acme/tiny-bert", "If-None-Match", etag);
    assertThat(same.status()).isEqualTo(304);
    assertThat(same.header("ETag")).contains(etag);
    repo.commit("more", "x", DevFile.text(""));
    assertThat(devCaller.get("/api/models/acme/tiny-bert", "If-None-Match", etag).status())
        .isEqualTo(200);
  }

  private static List<String> paths(JsonNode entries) {
    return entries.valueStream().map(e -> e.get("path").asString()).toList();
  }

  private static List<String> ids(DevCaller.Answer answer) {
    return answer.json().valueStream().map(e -> e.get("id").asString()).toList();
  }
}
