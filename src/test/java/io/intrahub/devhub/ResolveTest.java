package io.intrahub.devhub;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.testing.SettableClock;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Resolve, its second hop, raw and the CDN. */
class ResolveTest {
  private static final DevFile CONFIG = DevFile.text("{\"model_type\":\"bert\"}\n");
  private static final DevFile WEIGHTS = DevFile.lfsGenerated(7, 300_001);

  private final SettableClock clock = new SettableClock();
  private DevHub hub;
  private DevRepo repo;
  private String sha;
  private Caller caller;

  @BeforeEach
  void start() {
    hub = DevHub.builder().clock(clock).start();
    caller = new Caller(hub.uri());
    repo = hub.repo("model", "acme/tiny-bert");
    sha =
        repo.commit(
            "main",
            "first",
            Caller.files(
                "config.json", CONFIG, "sub/model.bin", WEIGHTS, "empty", DevFile.text("")));
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  @Test
  void a_regular_file_is_a_relative_307_to_a_second_hop_that_has_the_bytes() {
    Caller.Answer first = caller.get("/acme/tiny-bert/resolve/main/config.json");

    assertThat(first.status()).isEqualTo(307);
    assertThat(first.header("X-Repo-Commit")).contains(sha);
    assertThat(first.header("X-Linked-Size")).contains("" + CONFIG.size());
    assertThat(first.header("X-Linked-ETag")).contains('"' + CONFIG.gitOid() + '"');
    assertThat(first.header("Accept-Ranges")).contains("bytes");
    assertThat(first.header("RateLimit")).contains("\"resolvers\";r=4999;t=300");
    assertThat(first.header("X-Xet-Hash")).isEmpty();
    String location = first.header("Location").orElseThrow();
    assertThat(location)
        .isEqualTo(
            "/api/resolve-cache/models/acme/tiny-bert/%s/config.json?%s=&etag=%%22%s%%22"
                .formatted(
                    sha, "%2Facme%2Ftiny-bert%2Fresolve%2Fmain%2Fconfig.json", CONFIG.gitOid()));

    for (String target : List.of(location, location.substring(0, location.indexOf('?')))) {
      Caller.Answer second = caller.get(target);
      assertThat(second.status()).isEqualTo(200);
      assertThat(second.body()).isEqualTo(CONFIG.allBytes());
      assertThat(second.header("ETag")).contains('"' + CONFIG.gitOid() + '"');
      assertThat(second.header("X-Repo-Commit")).contains(sha);
      assertThat(second.header("Content-Disposition"))
          .contains("inline; filename*=UTF-8''config.json; filename=\"config.json\";");
    }
  }

  @Test
  void head_has_the_status_headers_and_length_of_get_and_no_body() {
    for (String path : List.of("config.json", "sub/model.bin", "missing", "empty")) {
      String target = "/acme/tiny-bert/resolve/main/" + path;
      Caller.Answer get = caller.get(target);
      Caller.Answer head = caller.head(target);
      assertThat(head.status()).isEqualTo(get.status());
      assertThat(head.body()).isEmpty();
      for (String name :
          List.of("Content-Length", "Location", "X-Linked-Size", "X-Repo-Commit", "X-Error-Code")) {
        assertThat(head.header(name)).as(path + " " + name).isEqualTo(get.header(name));
      }
    }
    Caller.Answer second =
        caller.head("/api/resolve-cache/models/acme/tiny-bert/" + sha + "/config.json");
    assertThat(second.header("Content-Length")).contains("" + CONFIG.size());
  }

  @Test
  void an_lfs_file_is_an_absolute_302_to_signed_bytes_on_another_origin() {
    Caller.Answer first = caller.get("/acme/tiny-bert/resolve/main/sub/model.bin");

    assertThat(first.status()).isEqualTo(302);
    assertThat(first.header("X-Repo-Commit")).contains(sha);
    assertThat(first.header("X-Linked-ETag")).contains('"' + WEIGHTS.sha256() + '"');
    assertThat(first.header("X-Linked-Size")).contains("300001");
    assertThat(first.text()).isEqualTo("Found. Redirecting to " + first.header("Location").get());
    assertThat(first.header("Location").orElseThrow())
        .startsWith(hub.cdnUri() + "/")
        .contains("&Expires=", "&Signature=");
    assertThat(hub.cdnUri().getHost()).isNotEqualTo(hub.uri().getHost());

    Caller.Answer bytes = caller.get(first.header("Location").get());
    assertThat(bytes.status()).isEqualTo(200);
    assertThat(bytes.body()).isEqualTo(WEIGHTS.allBytes());
    assertThat(bytes.header("ETag").orElseThrow()).doesNotContain(WEIGHTS.sha256());
    assertThat(bytes.header("X-Repo-Commit")).isEmpty();
    assertThat(bytes.header("Content-Disposition").orElseThrow()).contains("model.bin");
    assertThat(hub.counters().bytes(Route.CDN)).isEqualTo(300_001);
  }

  @Test
  void xet_headers_are_there_until_switched_off_and_lead_to_a_counted_404() {
    String target = "/acme/tiny-bert/resolve/main/sub/model.bin";
    Caller.Answer with = caller.head(target);
    assertThat(with.header("X-Xet-Hash")).contains(WEIGHTS.xetHash());
    String token = "%s/api/models/acme/tiny-bert/xet-read-token/%s".formatted(hub.uri(), sha);
    assertThat(with.header("Link").orElseThrow())
        .startsWith("<" + token + ">; rel=\"xet-auth\", <");
    assertThat(caller.get(token).status()).isEqualTo(404);
    assertThat(hub.counters().requests(Route.XET_TOKEN)).isEqualTo(1);

    hub.xet(false);
    Caller.Answer without = caller.head(target);
    assertThat(without.header("X-Xet-Hash")).isEmpty();
    assertThat(without.header("Link")).isEmpty();
  }

  @Test
  void a_signed_address_expires_by_time_and_by_command() {
    hub.signatureLifetime(Duration.ofMinutes(10));
    String location =
        caller.head("/acme/tiny-bert/resolve/main/sub/model.bin").header("Location").orElseThrow();
    clock.pass(Duration.ofSeconds(599));
    assertThat(caller.get(location).status()).isEqualTo(200);
    clock.pass(Duration.ofSeconds(1));
    Caller.Answer expired = caller.get(location);
    assertThat(expired.status()).isEqualTo(403);
    assertThat(expired.header("Content-Type")).contains("application/xml");
    assertThat(expired.text()).contains("<Code>AccessDenied</Code>");

    String fresh =
        caller.head("/acme/tiny-bert/resolve/main/sub/model.bin").header("Location").orElseThrow();
    assertThat(caller.get(fresh).status()).isEqualTo(200);
    hub.expireSignatures();
    assertThat(caller.get(fresh).status()).isEqualTo(403);
    assertThat(hub.violations()).isEmpty();
  }

  @Test
  void a_changed_signature_is_refused() {
    String location =
        caller.head("/acme/tiny-bert/resolve/main/sub/model.bin").header("Location").orElseThrow();
    assertThat(caller.get(location.replace("Signature=", "Signature=A")).status()).isEqualTo(403);
    assertThat(caller.get(location.replace("Expires=1", "Expires=2")).status()).isEqualTo(403);
  }

  @Test
  void ranges_work_on_both_origins() {
    for (String path : List.of("config.json", "sub/model.bin")) {
      DevFile file = repo.file("main", path).orElseThrow();
      byte[] all = file.allBytes();
      int size = all.length;
      String target = "/acme/tiny-bert/resolve/main/" + path;
      record Case(String range, int from, int to) {}
      for (Case c :
          List.of(
              new Case("bytes=0-0", 0, 1),
              new Case("bytes=3-9", 3, 10),
              new Case("bytes=5-", 5, size),
              new Case("bytes=-4", size - 4, size),
              new Case("bytes=-9999999", 0, size),
              new Case("bytes=2-9999999", 2, size))) {
        Caller.Answer answer = caller.follow(target, "Range", c.range);
        assertThat(answer.status()).as(c.range).isEqualTo(206);
        assertThat(answer.header("Content-Range"))
            .contains("bytes %d-%d/%d".formatted(c.from, c.to - 1, size));
        assertThat(answer.body()).isEqualTo(Arrays.copyOfRange(all, c.from, c.to));
      }
      Caller.Answer beyond = caller.follow(target, "Range", "bytes=" + size + "-");
      assertThat(beyond.status()).isEqualTo(416);
      assertThat(beyond.header("Content-Range")).contains("bytes */" + size);
      for (String ignored :
          List.of("bytes=1-2,4-5", "lines=1-2", "bytes=9-3", "bytes=-", "bytes=x-")) {
        assertThat(caller.follow(target, "Range", ignored).status()).as(ignored).isEqualTo(200);
      }
      assertThat(caller.follow(target, "Range", "bytes=0-0", "If-Range", "\"other\"").status())
          .isEqualTo(200);
    }
  }

  @Test
  void every_form_of_a_revision_leads_to_its_commit() {
    String second = repo.commit("main", "second", Caller.files("config.json", DevFile.text("{}")));
    repo.tag("v1.0", sha).ref("refs/pr/1", sha).branch("feature/x", sha);
    for (String revision :
        List.of("v1.0", sha, sha.substring(0, 7), "refs%2Fpr%2F1", "refs/pr/1", "feature%2Fx")) {
      Caller.Answer answer = caller.head("/acme/tiny-bert/resolve/" + revision + "/config.json");
      assertThat(answer.header("X-Repo-Commit")).as(revision).contains(sha);
    }
    for (String revision : List.of("main", "HEAD", second, "refs%2Fheads%2Fmain")) {
      Caller.Answer answer = caller.head("/acme/tiny-bert/resolve/" + revision + "/config.json");
      assertThat(answer.header("X-Repo-Commit")).as(revision).contains(second);
    }
    repo.defaultBranch("feature/x");
    assertThat(caller.head("/acme/tiny-bert/resolve/HEAD/config.json").header("X-Repo-Commit"))
        .contains(sha);
  }

  @Test
  void names_of_every_kind_resolve_on_both_hops() {
    for (String name :
        List.of(
            "sub dir/f#1 é.txt",
            "a+b.txt",
            "100%.txt",
            "semi;colon",
            "qu'ote\"s.txt",
            "q?.txt",
            "resolve/main/x",
            "日本/語.txt",
            "a%2Fb",
            "..a/...",
            "x=y&z")) {
      DevFile file = DevFile.text("in " + name);
      DevFile large = DevFile.lfs(("lfs in " + name).getBytes(StandardCharsets.UTF_8));
      repo.commit("main", "add " + name, Caller.files(name, file, "lfs/" + name, large));
      for (String encoded : List.of(Text.encodePath(name), Text.encode(name))) {
        Caller.Answer answer = caller.follow("/acme/tiny-bert/resolve/main/" + encoded);
        assertThat(answer.status()).as(encoded).isEqualTo(200);
        assertThat(answer.body()).isEqualTo(file.allBytes());
      }
      assertThat(caller.follow("/acme/tiny-bert/resolve/main/lfs/" + Text.encodePath(name)).body())
          .isEqualTo(large.allBytes());
    }
  }

  @Test
  void all_repo_types_and_one_word_ids_resolve() {
    for (String type : List.of("dataset", "space", "kernel")) {
      hub.repo(type, "acme/things").commit("main", "x", Caller.files("a.txt", CONFIG));
      assertThat(caller.follow("/%ss/acme/things/resolve/main/a.txt".formatted(type)).body())
          .isEqualTo(CONFIG.allBytes());
    }
    hub.repo("model", "gpt2").commit("main", "x", Caller.files("config.json", CONFIG));
    hub.repo("dataset", "squad").commit("main", "x", Caller.files("config.json", CONFIG));
    assertThat(caller.follow("/gpt2/resolve/main/config.json").status()).isEqualTo(200);
    assertThat(caller.follow("/datasets/squad/resolve/main/config.json").status()).isEqualTo(200);
  }

  @Test
  void a_known_etag_gets_a_304_without_content() {
    for (String path : List.of("config.json", "sub/model.bin")) {
      String etag = '"' + repo.file("main", path).orElseThrow().etag() + '"';
      Caller.Answer answer =
          caller.get("/acme/tiny-bert/resolve/main/" + path, "If-None-Match", "\"x\", " + etag);
      assertThat(answer.status()).isEqualTo(304);
      assertThat(answer.header("ETag")).contains(etag);
      assertThat(answer.header("X-Repo-Commit")).contains(sha);
      assertThat(answer.header("Content-Type")).isEmpty();
    }
  }

  @Test
  void raw_gives_the_pointer_of_an_lfs_file() {
    Caller.Answer pointer = caller.get("/acme/tiny-bert/raw/main/sub/model.bin");
    assertThat(pointer.text())
        .isEqualTo(
            "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 300001\n"
                .formatted(WEIGHTS.sha256()));
    assertThat(pointer.header("ETag")).contains('"' + WEIGHTS.gitOid() + '"');
    assertThat(caller.get("/acme/tiny-bert/raw/main/config.json").body())
        .isEqualTo(CONFIG.allBytes());
  }

  @Test
  void the_old_form_answers_a_regular_file_at_once() {
    hub.directSmallFiles(true);
    Caller.Answer answer = caller.get("/acme/tiny-bert/resolve/main/config.json");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo(CONFIG.allBytes());
  }

  @Test
  void download_asks_for_an_attachment() {
    Caller.Answer answer =
        caller.follow("/acme/tiny-bert/resolve/main/sub/model.bin?download=true");
    assertThat(answer.header("Content-Disposition").orElseThrow()).startsWith("attachment;");
  }

  @Test
  void the_cdn_can_refuse_head_and_change_its_name() {
    String location =
        caller.head("/acme/tiny-bert/resolve/main/sub/model.bin").header("Location").orElseThrow();
    assertThat(caller.head(location).status()).isEqualTo(200);
    hub.cdnRefusesHead(true);
    assertThat(caller.head(location).status()).isEqualTo(403);
    assertThat(caller.get(location).status()).isEqualTo(200);
    hub.rotateCdnHost();
    assertThat(caller.head("/acme/tiny-bert/resolve/main/sub/model.bin").header("Location"))
        .get()
        .asString()
        .startsWith("http://127.0.0.1:" + hub.cdnUri().getPort());
  }
}
