package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The JSON API over the wire. */
class CurlApiIT extends AgainstDemo {
  private static final String FORM = "Content-Type: application/x-www-form-urlencoded";

  @Test
  void agent_harnesses_and_telemetry_are_answered_here() {
    mirror.mark();

    CurlClient.Answer harnesses = curl.get(at("api/agent-harnesses"));
    assertThat(harnesses.status()).isEqualTo(200);
    assertThat(harnesses.text()).isEqualTo("{\"standardEnvVars\":[],\"harnesses\":{}}");
    assertThat(curl.head(at("api/telemetry/hf_hub/download")).status()).isEqualTo(200);
    mirror.expectSilence();
  }

  @Test
  void repo_info_has_what_loaders_read() {
    DevRepo repo = fresh();
    String commit = repo.commitOf("main").orElseThrow();

    for (String path : List.of("", "/revision/main", "/revision/" + commit)) {
      CurlClient.Answer answer = curl.get(at("api/models/" + repo.id() + path));
      assertThat(answer.header("X-Repo-Commit")).isEqualTo(commit);
      JsonNode info = json(answer);
      assertThat(info.get("id").asString()).isEqualTo(repo.id());
      assertThat(info.get("sha").asString()).isEqualTo(commit);
      assertThat(info.get("siblings").valueStream().map(s -> s.get("rfilename").asString()))
          .containsExactlyInAnyOrderElementsOf(repo.files("main").keySet());
      assertThat(info.get("lastModified").asString()).endsWith("Z");
      for (String flag : List.of("private", "gated", "disabled")) {
        assertThat(info.get(flag).asBoolean()).isFalse();
      }
      assertThat(info.get("tags").isArray()).isTrue();
    }
  }

  @Test
  void blobs_adds_sizes_and_ids() {
    DevRepo repo = fresh();

    JsonNode info = json(curl.get(at("api/models/" + repo.id() + "?blobs=true")));

    Map<String, JsonNode> siblings = new TreeMap<>();
    info.get("siblings").forEach(s -> siblings.put(s.get("rfilename").asString(), s));
    DevFile large = repo.file("main", LARGE).orElseThrow();
    JsonNode sibling = siblings.get(LARGE);
    assertThat(sibling.get("size").asLong()).isEqualTo(large.size());
    assertThat(sibling.get("blobId").asString()).isEqualTo(large.gitOid());
    assertThat(sibling.get("lfs").get("sha256").asString()).isEqualTo(large.sha256());
    assertThat(siblings.get(SMALL).has("lfs")).isFalse();
  }

  @Test
  void expand_gives_the_named_properties_only() {
    DevRepo repo = fresh();

    JsonNode info = json(curl.get(at("api/models/" + repo.id() + "?expand=sha&expand=siblings")));

    assertThat(info.propertyNames()).containsExactlyInAnyOrder("_id", "id", "sha", "siblings");
  }

  @Test
  void one_commit_is_named_everywhere() {
    DevRepo repo = fresh();
    String url = "api/models/" + repo.id();
    String first = repo.commitOf("main").orElseThrow();
    assertThat(curl.head(at(repo.id() + "/resolve/main/" + SMALL)).header("X-Repo-Commit"))
        .isEqualTo(first);

    repo.commit("Move on", SMALL, DevFile.text("{}"));

    assertThat(json(curl.get(at(url + "/revision/main"))).get("sha").asString()).isEqualTo(first);
    assertThat(curl.get(at(url + "/tree/main")).header("X-Repo-Commit")).isEqualTo(first);
    assertThat(curl.head(at(repo.id() + "/resolve/main/" + LARGE)).header("X-Repo-Commit"))
        .isEqualTo(first);
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "True", "1"})
  void a_recursive_listing_names_every_file(String yes) {
    DevRepo repo = fresh();

    CurlClient.Answer answer =
        curl.get(at("api/models/" + repo.id() + "/tree/main?expand=False&recursive=" + yes));

    Map<String, JsonNode> entries = entries(answer);
    assertThat(entries.keySet())
        .containsExactlyInAnyOrder(LARGE, SMALL, EMPTY, "onnx", "onnx/a", "onnx/a/config.json");
    repo.files("main")
        .forEach((path, file) -> {
          JsonNode entry = entries.get(path);
          assertThat(entry.get("type").asString()).isEqualTo("file");
          assertThat(entry.get("oid").asString()).isEqualTo(file.gitOid());
          assertThat(entry.get("size").asLong()).isEqualTo(file.size());
        });
    JsonNode lfs = entries.get(LARGE).get("lfs");
    assertThat(lfs.get("oid").asString())
        .isEqualTo(repo.file("main", LARGE).orElseThrow().sha256());
    assertThat(lfs.get("size").asInt()).isEqualTo(LARGE_SIZE);
    assertThat(lfs.get("pointerSize").asInt()).isPositive();
  }

  @Test
  void a_flat_listing_has_direct_children_and_folders_as_folders() {
    DevRepo repo = fresh();

    Map<String, JsonNode> entries = entries(curl.get(at("api/models/" + repo.id() + "/tree/main")));

    assertThat(entries.keySet()).containsExactlyInAnyOrder(LARGE, SMALL, EMPTY, "onnx");
    JsonNode folder = entries.get("onnx");
    assertThat(folder.get("type").asString()).isEqualTo("directory");
    assertThat(folder.get("size").asInt()).isZero();
    assertThat(folder.get("oid").asString()).hasSize(40);
  }

  @ParameterizedTest
  @ValueSource(strings = {"onnx/a", "onnx%2Fa"})
  void a_folder_is_listed_with_paths_from_the_root(String folder) {
    DevRepo repo = fresh();

    assertThat(entries(curl.get(at("api/models/" + repo.id() + "/tree/main/" + folder))).keySet())
        .containsExactly("onnx/a/config.json");
  }

  @Test
  void a_folder_that_is_not_there_is_404() {
    CurlClient.Answer answer = curl.get(at("api/models/" + fresh().id() + "/tree/main/none"));

    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.header("X-Error-Code")).isEqualTo("EntryNotFound");
    assertThat(answer.header("X-Error-Message")).isEqualTo("none does not exist on \"main\"");
  }

  @Test
  void ten_thousand_entries_come_in_one_page() {
    Map<String, DevFile> files = new TreeMap<>();
    for (int i = 0; i < 9_900; i++) {
      files.put("part-%02d/%04d.txt".formatted(i / 100, i), DevFile.text("file " + i));
    }
    mirror.hub().repo("model", "acme/9900-files").commit("Add", files);

    CurlClient.Answer answer = curl.get(at("api/models/acme/9900-files/tree/main?recursive=1"));

    assertThat(entries(answer)).hasSize(9_999);
    assertThat(answer.header("Link")).isEmpty();
  }

  @Test
  void pages_are_linked_to_each_other_on_the_mirror() {
    List<String> paths = new ArrayList<>();
    String url = at("api/models/demo/many-files/tree/main?recursive=true&limit=500");
    int pages = 0;
    while (!url.isEmpty()) {
      CurlClient.Answer answer = curl.get(url);
      assertThat(answer.status()).isEqualTo(200);
      paths.addAll(entries(answer).keySet());
      pages++;
      String link = answer.header("Link");
      assertThat(link).matches("|<" + mirror.uri() + "/[^,;<>]*>; rel=\"next\"");
      url = link.isEmpty() ? "" : link.substring(1, link.indexOf('>'));
    }

    assertThat(pages).isEqualTo(3);
    assertThat(paths).hasSize(1212).doesNotHaveDuplicates();
  }

  @Test
  void cursors_that_a_client_makes_by_itself_are_understood() {
    String url = at("api/models/demo/many-files/tree/main?recursive=true&limit=3&cursor=");

    assertThat(entries(curl.get(url + cursor("part-03/file-0310.txt"))).keySet())
        .containsExactly("part-03/file-0311.txt", "part-03/file-0312.txt", "part-03/file-0313.txt");
    assertThat(curl.get(url + cursor("zzz")).text()).isEqualTo("[]");
  }

  /** As text-generation-webui makes them. */
  private static String cursor(String path) {
    Base64.Encoder base64 = Base64.getEncoder();
    String json = "{\"file_name\":\"" + path + "\"}";
    String inner = base64.encodeToString(json.getBytes(StandardCharsets.UTF_8)) + ":50";
    return base64.encodeToString(inner.getBytes(StandardCharsets.UTF_8)).replace("=", "%3D");
  }

  @Test
  void links_follow_the_name_by_which_the_client_asks() {
    CurlClient.Answer answer =
        curl.get(
            at("api/models/demo/many-files/tree/main?limit=3"), "-H", "Host: hub.example.org:81");

    assertThat(answer.header("Link")).startsWith("<http://hub.example.org:81/api/models/demo/");
  }

  @Test
  void paths_info_takes_forms_and_json_and_leaves_out_what_is_not_there() {
    DevRepo repo = fresh();
    String url = at("api/models/" + repo.id() + "/paths-info/main");
    String type = "Content-Type: application/json";

    for (CurlClient.Answer answer :
        List.of(
            curl.get(
                url,
                "-H",
                FORM,
                "-d",
                "paths=config.json&paths=onnx%2Fa&paths=none&paths=model.safetensors&expand=False"),
            curl.get(
                url,
                "-H",
                type,
                "-d",
                "{\"paths\":[\"config.json\",\"onnx/a\",\"none\",\"model.safetensors\"]}"))) {
      Map<String, JsonNode> found = entries(answer);
      assertThat(found.keySet()).containsExactlyInAnyOrder("config.json", "onnx/a", LARGE);
      assertThat(found.get("onnx/a").get("type").asString()).isEqualTo("directory");
      assertThat(found.get(LARGE).get("lfs").get("size").asInt()).isEqualTo(LARGE_SIZE);
    }
    assertThat(curl.get(url, "-H", FORM, "-d", "paths=none").text()).isEqualTo("[]");
  }

  @Test
  void expanded_entries_have_their_last_commit_and_a_whole_security_status() {
    DevRepo repo = fresh();
    String url = at("api/models/" + repo.id());

    for (CurlClient.Answer answer :
        List.of(
            curl.get(url + "/tree/main?expand=true"),
            curl.get(
                url + "/paths-info/main", "-H", FORM, "-d", "paths=config.json&expand=True"))) {
      JsonNode entry = entries(answer).get(SMALL);
      assertThat(entry.get("lastCommit").get("id").asString())
          .isEqualTo(repo.commitOf("main").orElseThrow());
      assertThat(entry.get("securityFileStatus").propertyNames())
          .contains("status", "avScan", "pickleImportScan");
    }
  }

  @Test
  void json_is_compact_and_without_a_trace_of_xet() {
    DevRepo repo = fresh();
    String url = at("api/models/" + repo.id());
    List<CurlClient.Answer> answers =
        List.of(
            curl.get(url),
            curl.get(url + "?blobs=true"),
            curl.get(url + "/tree/main?recursive=true"),
            curl.get(url + "/tree/main?recursive=true&expand=true"),
            curl.get(url + "/paths-info/main", "-H", FORM, "-d", "paths=model.safetensors"),
            curl.get(
                url + "/paths-info/main", "-H", FORM, "-d", "paths=model.safetensors&expand=true"));

    // The Hub itself does say it.
    assertThat(curl.get(upstream("api/models/" + repo.id() + "/tree/main")).text())
        .contains("xetHash");
    for (CurlClient.Answer answer : answers) {
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.text()).contains(LARGE).doesNotContainIgnoringCase("xet");
      assertThat(answer.text()).doesNotContain("\\/").doesNotContain("\": ");
      assertThat(answer.text())
          .doesNotContain(mirror.hub().uri().toString(), mirror.hub().cdnUri().toString());
    }
  }

  @Test
  void xet_tokens_are_not_given_out() {
    CurlClient.Answer answer =
        curl.get(
            at("api/models/" + BERT + "/xet-read-token/main"), "-H", "Authorization: Bearer x");

    assertThat(answer.status()).isEqualTo(404);
    assertThat(mirror.hub().counters().requests(Route.XET_TOKEN)).isZero();
  }

  @Test
  void refs_and_commits_are_as_upstream_says() {
    for (String path : List.of("refs", "refs?include_prs=1", "commits/main", "commits/v1.0")) {
      CurlClient.Answer answer = curl.get(at("api/models/" + BERT + "/" + path));
      assertThat(json(answer))
          .isEqualTo(json(curl.get(upstream("api/models/" + BERT + "/" + path))));
    }
    JsonNode refs = json(curl.get(at("api/models/" + BERT + "/refs")));
    assertThat(refs.propertyNames()).contains("branches", "converts", "tags");
  }

  @Test
  void links_of_what_is_passed_on_lead_to_the_mirror() {
    String url = at("api/models/" + BERT + "/commits/main?limit=1");

    CurlClient.Answer first = curl.get(url);
    String link = first.header("Link");
    assertThat(link).startsWith("<" + mirror.uri() + "/api/models/" + BERT + "/commits/main?");
    CurlClient.Answer second = curl.get(link.substring(1, link.indexOf('>')));

    assertThat(json(second).get(0).get("id")).isNotEqualTo(json(first).get(0).get("id"));
  }

  @Test
  void search_is_passed_on() {
    String query = "api/models?search=tiny&limit=5";

    assertThat(json(curl.get(at(query)))).isEqualTo(json(curl.get(upstream(query))));
  }

  @Test
  void unknown_addresses_are_404_in_the_form_of_the_hub() {
    CurlClient.Answer answer = curl.get(at("api/no-such-thing"));
    mirror.hub().forgetViolations();

    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.text())
        .isEqualTo("{\"error\":\"Sorry, we can't find the page you are looking for.\"}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "PATCH", "DELETE"})
  void changes_are_refused_here(String method) {
    mirror.mark();

    CurlClient.Answer answer =
        curl.get(at("api/models/" + BERT + "/commit/main"), "-X", method, "-d", "{}");

    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.header("X-Error-Message")).contains("read-only");
    assertThat(JsonMapper.shared().readTree(answer.text()).get("error").asString())
        .isEqualTo(answer.header("X-Error-Message"));
    mirror.expectSilence();
  }

  @Test
  void pages_in_browsers_may_read_everything() {
    DevRepo repo = fresh();
    String file = at(repo.id() + "/resolve/main/" + SMALL);
    String etag = "\"" + repo.file("main", SMALL).orElseThrow().etag() + "\"";
    for (String url : List.of(file, at("api/models/" + repo.id()))) {
      CurlClient.Answer preflight =
          curl.get(
              url,
              "-X",
              "OPTIONS",
              "-H",
              "Origin: https://example.org",
              "-H",
              "Access-Control-Request-Headers: authorization,range");
      assertThat(preflight.status()).isEqualTo(204);
      assertThat(preflight.header("Access-Control-Allow-Origin")).isEqualTo("*");
      assertThat(preflight.header("Access-Control-Allow-Headers"))
          .contains("authorization", "range");
    }
    Map<Integer, CurlClient.Answer> answers =
        Map.of(
            200, curl.get(file),
            206, curl.get(file, "-r", "0-1"),
            304, curl.get(file, "-H", "If-None-Match: " + etag),
            401, curl.get(at("api/models/demo/private-model")),
            404, curl.get(at(repo.id() + "/resolve/main/none")),
            416, curl.get(file, "-r", "9999-"));
    answers.forEach((status, answer) -> {
      assertThat(answer.status()).isEqualTo(status);
      assertThat(answer.header("Access-Control-Allow-Origin")).isEqualTo("*");
      assertThat(answer.header("Access-Control-Expose-Headers"))
          .contains("Content-Range", "Link", "ETag", "X-Error-Code", "X-Repo-Commit");
    });
  }

  @Test
  void listings_and_infos_that_are_known_cost_nothing() {
    DevRepo repo = fresh();
    List<String> paths =
        List.of(
            "", "/revision/main", "/tree/main?recursive=true", "/tree/main/onnx", "?blobs=true");
    paths.forEach(path -> curl.get(at("api/models/" + repo.id() + path)));
    mirror.awaitIdle();
    mirror.mark();

    IntStream.range(0, 2)
        .forEach(_ ->
            paths.forEach(path ->
                assertThat(curl.get(at("api/models/" + repo.id() + path)).status())
                    .isEqualTo(200)));
    mirror.expectSilence();
  }

  private static JsonNode json(CurlClient.Answer answer) {
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.header("Content-Type")).startsWith("application/json");
    return JsonMapper.shared().readTree(answer.text());
  }

  private static Map<String, JsonNode> entries(CurlClient.Answer answer) {
    Map<String, JsonNode> entries = new TreeMap<>();
    json(answer).forEach(entry -> entries.put(entry.get("path").asString(), entry));
    return entries;
  }
}
