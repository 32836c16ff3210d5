package io.intrahub.clients;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files over the wire, to the letter of their headers, cold and warm. */
class CurlFilesIT extends AgainstDemo {
  /** What HEAD and GET must say alike. */
  private static final List<String> OF_THE_FILE =
      List.of(
          "Content-Length",
          "ETag",
          "X-Repo-Commit",
          "X-Linked-ETag",
          "X-Linked-Size",
          "Accept-Ranges",
          "Content-Disposition",
          "Content-Type");

  @Test
  void a_large_file_is_described_by_its_sha256() {
    DevRepo repo = fresh();

    CurlClient.Answer head = expectFile(repo, LARGE);

    assertThat(head.header("X-Linked-ETag")).isEqualTo(head.header("ETag"));
    assertThat(head.header("X-Linked-Size")).isEqualTo("14504");
  }

  @Test
  void a_small_file_is_described_by_its_git_id() {
    CurlClient.Answer head = expectFile(fresh(), SMALL);

    assertThat(head.header("ETag")).hasSize(42);
    assertThat(head.header("X-Linked-ETag")).isEmpty();
  }

  @Test
  void an_empty_file_has_length_0_and_the_well_known_id() {
    CurlClient.Answer head = expectFile(fresh(), EMPTY);

    assertThat(head.header("Content-Length")).isEqualTo("0");
    assertThat(head.header("ETag")).isEqualTo("\"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\"");
  }

  /** HEAD cold, GET cold, both again: always the same status and headers, and the right bytes. */
  private CurlClient.Answer expectFile(DevRepo repo, String path) {
    DevFile file = repo.file("main", path).orElseThrow();
    String url = at(repo.id() + "/resolve/main/" + path);
    CurlClient.Answer head = curl.head(url);
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.header("Content-Length")).isEqualTo(String.valueOf(file.size()));
    assertThat(head.header("ETag")).isEqualTo("\"" + file.etag() + "\"");
    assertThat(head.header("X-Repo-Commit")).isEqualTo(repo.commitOf("main").orElseThrow());
    assertThat(head.header("Accept-Ranges")).isEqualTo("bytes");
    for (int i = 0; i < 2; i++) {
      CurlClient.Answer get = curl.get(url);
      assertThat(get.process().exitCode()).isZero();
      assertThat(get.status()).isEqualTo(200);
      assertThat(get.bytes()).isEqualTo(file.allBytes());
      assertThat(described(get)).isEqualTo(described(head));
      assertThat(described(curl.head(url))).isEqualTo(described(head));
    }
    return head;
  }

  private static Map<String, String> described(CurlClient.Answer answer) {
    return OF_THE_FILE.stream().collect(toMap(Function.identity(), answer::header));
  }

  @Test
  void a_head_has_no_body() {
    String url = at(fresh().id() + "/resolve/main/" + SMALL);

    // A second answer on the same connection is only understood if the first had no body at all.
    CurlClient.Answer twice = curl.head(url, url, "-w", "%{http_code} %{num_connects} ");

    assertThat(twice.process().exitCode()).isZero();
    assertThat(twice.process().stdout()).contains("200 1 ").endsWith("200 0 ");
  }

  @Test
  void a_head_of_a_cold_file_reads_none_of_it() {
    DevRepo repo = fresh();
    mirror.mark();

    curl.head(at(repo.id() + "/resolve/main/" + LARGE));
    mirror.awaitIdle();

    assertThat(mirror.upstream())
        .extracting(Recorded::route)
        .containsExactlyInAnyOrder(Route.RESOLVE, Route.TREE);
    assertThat(mirror.upstream(Route.RESOLVE)).extracting(Recorded::method).containsExactly("HEAD");
  }

  @ParameterizedTest
  @CsvSource({
    "demo/tiny-bert/resolve/main, main",
    "demo/tiny-bert/resolve/HEAD, main",
    "demo/tiny-bert/resolve/v1.0, v1.0",
    "demo/tiny-bert/resolve/SHORT, main",
    "demo/tiny-bert/resolve/COMMIT, main",
    "demo/tiny-bert/resolve/refs%2Fpr%2F1, refs/pr/1",
    "demo/tiny-bert/resolve/refs/pr/1, refs/pr/1",
    "demo/tiny-bert/resolve/feature%2Fx, feature/x",
  })
  void every_form_of_revision_leads_to_its_whole_commit(String prefix, String meant) {
    DevRepo repo = mirror.hub().repo("model", BERT);
    String main = repo.commitOf("main").orElseThrow();
    String path = prefix.replace("COMMIT", main).replace("SHORT", main.substring(0, 8));

    for (CurlClient.Answer answer : headAndGet(at(path + "/" + SMALL))) {
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("X-Repo-Commit")).isEqualTo(repo.commitOf(meant).orElseThrow());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"refs%2Fconvert%2Fparquet", "refs/convert/parquet", "~parquet"})
  void converted_datasets_are_found_under_each_of_their_names(String revision) {
    DevRepo repo = mirror.hub().repo("dataset", "demo/tiny-ds");
    String path = "default/train/0000.parquet";

    CurlClient.Answer answer =
        curl.get(at("datasets/demo/tiny-ds/resolve/" + revision + "/" + path));

    assertThat(answer.header("X-Repo-Commit"))
        .isEqualTo(repo.commitOf("refs/convert/parquet").orElseThrow());
    assertThat(answer.bytes())
        .isEqualTo(repo.file("refs/convert/parquet", path).orElseThrow().allBytes());
  }

  @Test
  void a_commit_names_itself() {
    DevRepo repo = fresh();
    String old = repo.commitOf("main").orElseThrow();
    repo.commit("Change", SMALL, DevFile.text("{}"));

    CurlClient.Answer answer = curl.get(at(repo.id() + "/resolve/" + old + "/" + SMALL));

    assertThat(answer.header("X-Repo-Commit")).isEqualTo(old);
    assertThat(answer.bytes()).isEqualTo(repo.file(old, SMALL).orElseThrow().allBytes());
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "gzip, deflate, br, zstd", "*"})
  void files_are_never_compressed_nor_chunked(String accepted) {
    DevRepo repo = fresh();
    String url = at(repo.id() + "/resolve/main/" + SMALL);
    String accept = "Accept-Encoding: " + accepted;
    long size = repo.file("main", SMALL).orElseThrow().size();

    expectIdentity(curl.head(url, "-H", accept), size);
    expectIdentity(curl.get(url, "-H", accept), size);
    expectIdentity(curl.get(url, "-H", accept, "-r", "2-5"), 4);
    expectIdentity(curl.get(url, "-H", accept), size);
  }

  private static void expectIdentity(CurlClient.Answer answer, long length) {
    assertThat(answer.header("Content-Encoding")).isEmpty();
    assertThat(answer.header("Transfer-Encoding")).isEmpty();
    assertThat(answer.header("Content-Length")).isEqualTo(String.valueOf(length));
  }

  @ParameterizedTest
  @CsvSource({
    "dataset, demo/tiny-ds, datasets/, data/train.csv",
    "space, demo/hello-space, spaces/, index.html",
    "model, tiny-gpt2, '', model.bin",
  })
  void other_types_and_ids_of_one_segment_resolve_as_models_do(
      String type, String id, String prefix, String path) {
    DevRepo repo = mirror.hub().repo(type, id);

    for (CurlClient.Answer answer : headAndGet(at(prefix + id + "/resolve/main/" + path))) {
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("ETag"))
          .isEqualTo("\"" + repo.file("main", path).orElseThrow().etag() + "\"");
      assertThat(answer.header("X-Repo-Commit")).isEqualTo(repo.commitOf("main").orElseThrow());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"demo/tiny-bert", "demo/old-name", "Demo/Tiny-BERT"})
  void content_comes_directly_under_each_name(String id) {
    for (CurlClient.Answer answer : headAndGet(at(id + "/resolve/main/" + LARGE))) {
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("Location")).isEmpty();
      assertThat(answer.header("X-Repo-Commit")).hasSize(40);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "onnx/a/config.json",
        "onnx%2Fa%2Fconfig.json",
        "onnx/a/config.json?%2Facme%2Fx%2Fresolve%2Fmain%2Fconfig.json=&etag=%22abc%22"
      })
  void the_cache_route_works_in_each_spelling(String path) {
    DevRepo repo = fresh();
    String commit = repo.commitOf("main").orElseThrow();
    String url = at("api/resolve-cache/models/" + repo.id() + "/" + commit + "/" + path);

    for (CurlClient.Answer answer : headAndGet(url)) {
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("X-Repo-Commit")).isEqualTo(commit);
      assertThat(answer.header("ETag"))
          .isEqualTo("\"" + repo.file("main", "onnx/a/config.json").orElseThrow().etag() + "\"");
    }
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '|',
      value = {
        "names/sub%20dir/f%231%20%C3%A9.txt, names/sub dir/f#1 é.txt",
        "names/a%2Bb.txt, names/a+b.txt",
        "names/a+b.txt, names/a+b.txt",
        "names/100%25.txt, names/100%.txt",
        "names/semi%3Bcolon.txt, names/semi;colon.txt",
        "names/semi;colon.txt, names/semi;colon.txt",
        "names/quo%27te%22.txt, names/quo'te\".txt",
        "names/quo'te%22.txt, names/quo'te\".txt",
        "names/%E6%97%A5%E6%9C%AC%E8%AA%9E.txt, names/日本語.txt",
        "names%2Fa%2Bb.txt, names/a+b.txt",
        "onnx/deep/er/config.json, onnx/deep/er/config.json",
      })
  void names_of_every_kind_are_decoded_once(String asked, String path) {
    DevFile file = mirror.hub().repo("model", BERT).file("main", path).orElseThrow();

    CurlClient.Answer answer = curl.get(at(BERT + "/resolve/main/" + asked));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.bytes()).isEqualTo(file.allBytes());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "config.json | inline; filename*=UTF-8''config.json; filename=\"config.json\";",
        "config.json?download=true | attachment; filename*=UTF-8''config.json;"
            + " filename=\"config.json\";",
        "names/%E6%97%A5%E6%9C%AC%E8%AA%9E.txt | inline;"
            + " filename*=UTF-8''%E6%97%A5%E6%9C%AC%E8%AA%9E.txt; filename=\"???.txt\";",
      })
  void the_name_of_the_file_is_said(String path, String disposition) {
    for (CurlClient.Answer answer : headAndGet(at(BERT + "/resolve/main/" + path))) {
      assertThat(answer.header("Content-Disposition")).isEqualTo(disposition);
    }
  }

  @Test
  void a_known_etag_gives_a_304_that_keeps_etag_and_commit_and_the_connection() {
    DevRepo repo = fresh();
    String url = at(repo.id() + "/resolve/main/" + LARGE);
    String etag = "\"" + repo.file("main", LARGE).orElseThrow().etag() + "\"";

    CurlClient.Answer twice =
        curl.get(url, url, "-H", "If-None-Match: " + etag, "-w", "%{http_code} %{num_connects} ");

    assertThat(twice.process().exitCode()).isZero();
    assertThat(twice.process().stdout()).isEqualTo("304 1 304 0 ");
    assertThat(twice.header("ETag")).isEqualTo(etag);
    assertThat(twice.header("X-Repo-Commit")).isEqualTo(repo.commitOf("main").orElseThrow());
    assertThat(curl.get(url, "-H", "If-None-Match: \"other\", W/" + etag).status()).isEqualTo(304);
    assertThat(curl.head(url, "-H", "If-None-Match: *").status()).isEqualTo(304);
    assertThat(curl.get(url, "-H", "If-None-Match: \"other\"").status()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "0-0, 0, 0",
    "0-100000, 0, 14503",
    "5000-, 5000, 14503",
    "-100, 14404, 14503",
    "-262144, 0, 14503",
    "14503-14503, 14503, 14503",
    "14000-2000000, 14000, 14503",
    "100-199, 100, 199",
  })
  void a_range_gives_its_bytes_cold_and_warm(String range, int first, int last) {
    DevRepo repo = fresh();
    DevFile file = repo.file("main", LARGE).orElseThrow();
    String url = at(repo.id() + "/resolve/main/" + LARGE);

    for (int i = 0; i < 2; i++) {
      CurlClient.Answer answer = curl.get(url, "-H", "Range: bytes=" + range);
      assertThat(answer.process().exitCode()).isZero();
      assertThat(answer.status()).isEqualTo(206);
      assertThat(answer.header("Content-Range"))
          .isEqualTo("bytes " + first + "-" + last + "/14504");
      assertThat(answer.header("Content-Length")).isEqualTo(String.valueOf(last - first + 1));
      assertThat(answer.header("ETag")).isEqualTo("\"" + file.etag() + "\"");
      assertThat(answer.header("X-Repo-Commit")).isEqualTo(repo.commitOf("main").orElseThrow());
      assertThat(answer.header("Accept-Ranges")).isEqualTo("bytes");
      assertThat(answer.bytes()).isEqualTo(Arrays.copyOfRange(file.allBytes(), first, last + 1));
      CurlClient.Answer head = curl.head(url, "-H", "Range: bytes=" + range);
      assertThat(head.status()).isEqualTo(206);
      assertThat(described(head)).isEqualTo(described(answer));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"14504-", "14504-20000", "999999-"})
  void a_range_behind_the_end_is_refused_with_the_size(String range) {
    DevRepo repo = fresh();

    for (int i = 0; i < 2; i++) {
      CurlClient.Answer answer =
          curl.get(at(repo.id() + "/resolve/main/" + LARGE), "-H", "Range: bytes=" + range);
      assertThat(answer.status()).isEqualTo(416);
      assertThat(answer.header("Content-Range")).isEqualTo("bytes */14504");
      assertThat(answer.header("X-Error-Message")).contains("14504");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bytes=0-1,4-5", "bytes=0-0,-1", "bytes=5-2", "bytes=a-b", "lines=1-2"})
  void several_or_broken_ranges_never_give_multipart(String range) {
    DevRepo repo = fresh();
    DevFile file = repo.file("main", LARGE).orElseThrow();

    CurlClient.Answer answer =
        curl.get(at(repo.id() + "/resolve/main/" + LARGE), "-H", "Range: " + range);

    assertThat(answer.header("Content-Type")).doesNotContain("multipart");
    if (answer.status() == 400) {
      assertThat(answer.header("X-Error-Message")).contains("Range");
    } else {
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.bytes()).isEqualTo(file.allBytes());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0-0", "0-"})
  void an_empty_file_with_a_range_is_200_and_says_that_it_is_empty(String range) {
    DevRepo repo = fresh();

    CurlClient.Answer answer =
        curl.get(at(repo.id() + "/resolve/main/" + EMPTY), "-H", "Range: bytes=" + range);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Length")).isEqualTo("0");
    assertThat(answer.header("Content-Range")).isEqualTo("bytes */0");
  }

  @Test
  void if_range_compares_strongly() {
    DevRepo repo = fresh();
    String url = at(repo.id() + "/resolve/main/" + LARGE);
    String etag = "\"" + repo.file("main", LARGE).orElseThrow().etag() + "\"";

    assertThat(curl.get(url, "-r", "0-9", "-H", "If-Range: " + etag).status()).isEqualTo(206);
    for (String other : List.of("W/" + etag, "\"other\"", "Tue, 02 Jan 2035 03:04:05 GMT")) {
      CurlClient.Answer answer = curl.get(url, "-r", "0-9", "-H", "If-Range: " + other);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.bytes()).hasSize(LARGE_SIZE);
    }
  }

  @Test
  void a_file_that_is_not_there_is_404_with_its_commit_and_asked_for_once() {
    DevRepo repo = fresh();
    String url = at(repo.id() + "/resolve/main/none.json");

    expectEntryNotFound(curl.head(url), repo);
    mirror.awaitIdle();
    mirror.mark();
    CurlClient.Answer get = curl.get(url);
    expectEntryNotFound(get, repo);
    assertThat(get.text()).isEqualTo("{\"error\":\"Entry not found\"}");
    expectEntryNotFound(curl.get(at(repo.id() + "/resolve/main/onnx/none")), repo);
    mirror.expectSilence();
  }

  @Test
  void a_file_that_was_missing_is_found_once_the_branch_may_have_moved() {
    DevRepo repo = fresh();
    String before = repo.commitOf("main").orElseThrow();
    String url = at(repo.id() + "/resolve/main/late.json");
    curl.get(at(repo.id() + "/resolve/main/" + SMALL));
    mirror.awaitIdle();
    expectEntryNotFound(curl.get(url), repo);

    repo.commit("Add late", "late.json", DevFile.text("{}"));
    assertThat(curl.get(url).status()).isEqualTo(404);
    mirror.pass(Duration.ofSeconds(61));

    assertThat(curl.get(url).text()).isEqualTo("{}");
    // The old commit will never have it.
    mirror.awaitIdle();
    mirror.mark();
    assertThat(curl.get(at(repo.id() + "/resolve/" + before + "/late.json")).status())
        .isEqualTo(404);
    mirror.expectSilence();
  }

  @Test
  void without_a_whole_listing_nothing_is_said_to_be_missing() {
    DevRepo repo = fresh();
    mirror.hub().faults().on(Route.TREE).path(repo.id()).status(500);
    try {
      assertThat(curl.get(at(repo.id() + "/resolve/main/" + SMALL)).status()).isEqualTo(200);
      mirror.awaitIdle();
      mirror.mark();

      assertThat(curl.get(at(repo.id() + "/resolve/main/" + LARGE)).status()).isEqualTo(200);
      expectEntryNotFound(curl.get(at(repo.id() + "/resolve/main/none.json")), repo);

      assertThat(mirror.upstream(Route.RESOLVE)).hasSize(2);
    } finally {
      mirror.hub().faults().clear();
    }
  }

  private static void expectEntryNotFound(CurlClient.Answer answer, DevRepo repo) {
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.header("X-Error-Code")).isEqualTo("EntryNotFound");
    assertThat(answer.header("X-Error-Message")).isEqualTo("Entry not found");
    assertThat(answer.header("X-Repo-Commit")).isEqualTo(repo.commitOf("main").orElseThrow());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "//ID/resolve/main/config.json",
        "ID//resolve//main//config.json",
        "ID/resolve/main//config.json"
      })
  void two_slashes_count_as_one(String path) {
    DevRepo repo = fresh();

    CurlClient.Answer answer = curl.get(at(path.replace("ID", repo.id())));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.bytes()).isEqualTo(repo.file("main", SMALL).orElseThrow().allBytes());
  }

  @ParameterizedTest
  @ValueSource(strings = {"?download=true", "?foo=bar&x", "?expand=%ZZ", "?"})
  void queries_that_say_nothing_to_the_mirror_change_nothing(String query) {
    DevRepo repo = fresh();
    String url = at(repo.id() + "/resolve/main/" + SMALL);
    curl.get(url);
    mirror.awaitIdle();
    mirror.mark();

    CurlClient.Answer answer = curl.get(url + query);

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.bytes()).isEqualTo(repo.file("main", SMALL).orElseThrow().allBytes());
    mirror.expectSilence();
  }

  @Test
  void nothing_of_xet_reaches_a_client_that_asks_for_it() {
    DevRepo repo = fresh();
    String url = at(repo.id() + "/resolve/main/" + LARGE);

    for (CurlClient.Answer answer :
        List.of(
            curl.head(url),
            curl.get(url),
            curl.get(url, "-H", "Accept: application/vnd.xet-fileinfo+json"))) {
      assertThat(answer.headers().map().toString().toLowerCase(Locale.ROOT))
          .doesNotContain("xet-auth", "x-xet-hash=", "reconstruction");
      assertThat(answer.header("Link")).isEmpty();
      assertThat(answer.header("Content-Length")).isEqualTo("14504");
    }
  }

  @Test
  void cookies_of_upstream_end_at_the_mirror() {
    DevRepo repo = fresh();
    mirror.hub().cookies(true);
    try {
      for (CurlClient.Answer answer : headAndGet(at(repo.id() + "/resolve/main/" + SMALL))) {
        assertThat(answer.header("Set-Cookie")).isEmpty();
      }
      assertThat(curl.get(at("api/models/" + repo.id())).header("Set-Cookie")).isEmpty();
    } finally {
      mirror.hub().cookies(false);
    }
    assertThat(mirror.hub().log()).allMatch(r -> r.header("Cookie").isEmpty());
  }

  private List<CurlClient.Answer> headAndGet(String url) {
    return List.of(curl.head(url), curl.get(url));
  }
}
