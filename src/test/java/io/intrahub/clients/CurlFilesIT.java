package io.intrahub.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files over the wire, to the letter of their headers, cold and warm. */
class CurlFilesIT extends AgainstDemo {
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
