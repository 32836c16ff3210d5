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
  private DevCaller devCaller;

  @BeforeEach
  void start() {
    hub = DevHub.builder().clock(clock).start();
    devCaller = new DevCaller(hub.uri());
    repo = hub.repo("model", "acme/tiny-bert");
    sha =
        repo.commit(
            "main",
            "first",
            DevCaller.files(
                "config.json", CONFIG, "sub/model.bin", WEIGHTS, "empty", DevFile.text("")));
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  @Test
  void a_regular_file_is_a_relative_307_to_a_second_hop_that_has_the_bytes() {
    DevCaller.Answer first = devCaller.get("/acme/tiny-bert/resolve/main/config.json");

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
      DevCaller.Answer second = devCaller.get(target);
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
      DevCaller.Answer get = devCaller.get(target);
      DevCaller.Answer head = devCaller.head(target);
      assertThat(head.status()).isEqualTo(get.status());
      assertThat(head.body()).isEmpty();
      for (String name :
          List.of("Content-Length", "Location", "X-Linked-Size", "X-Repo-Commit", "X-Error-Code")) {
        assertThat(head.header(name)).as(path + " " + name).isEqualTo(get.header(name));
      }
    }
    DevCaller.Answer second =
        devCaller.head("/api/resolve-cache/models/acme/tiny-bert/" + sha + "/config.json");
    assertThat(second.header("Content-Length")).contains("" + CONFIG.size());
  }

  @Test
  void an_lfs_file_is_an_absolute_302_to_signed_bytes_on_another_origin() {
    DevCaller.Answer first = devCaller.get("/acme/tiny-bert/resolve/main/sub/model.bin");

    assertThat(first.status()).isEqualTo(302);
    assertThat(first.header("X-Repo-Commit")).contains(sha);
    assertThat(first.header("X-Linked-ETag")).contains('"' + WEIGHTS.sha256() + '"');
    assertThat(first.header("X-Linked-Size")).contains("300001");
    assertThat(first.text()).isEqualTo("Found. Redirecting to " + first.header("Location").get());
    assertThat(first.header("Location").orElseThrow())
        .startsWith(hub.cdnUri() + "/")
        .contains("&Expires=", "&Signature=");
    assertThat(hub.cdnUri().getHost()).isNotEqualTo(hub.uri().getHost());

    DevCaller.Answer bytes = devCaller.get(first.header("Location").get());
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
    DevCaller.Answer with = devCaller.head(target);
    assertThat(with.header("X-Xet-Hash")).contains(WEIGHTS.xetHash());
    String token = "%s/api/models/acme/tiny-bert/xet-read-token/%s".formatted(hub.uri(), sha);
    assertThat(with.header("Link").orElseThrow())
        .startsWith("<" + token + ">; rel=\"xet-auth\", <");
    assertThat(devCaller.get(token).status()).isEqualTo(404);
    assertThat(hub.counters().requests(Route.XET_TOKEN)).isEqualTo(1);

    hub.xet(false);
    DevCaller.Answer without = devCaller.head(target);
    assertThat(without.header("X-Xet-Hash")).isEmpty();
    assertThat(without.header("Link")).isEmpty();
  }

  @Test
  void a_signed_address_expires_by_time_and_by_command() {
    hub.signatureLifetime(Duration.ofMinutes(10));
    String location =
        devCaller
            .head("/acme/tiny-bert/resolve/main/sub/model.bin")
            .header("Location")
            .orElseThrow();
    clock.pass(Duration.ofSeconds(599));
    assertThat(devCaller.get(location).status()).isEqualTo(200);
    clock.pass(Duration.ofSeconds(1));
    DevCaller.Answer expired = devCaller.get(location);
    assertThat(expired.status()).isEqualTo(403);
    assertThat(expired.header("Content-Type")).contains("application/xml");
    assertThat(expired.text()).contains("<Code>AccessDenied</Code>");

    String fresh =
        devCaller
            .head("/acme/tiny-bert/resolve/main/sub/model.bin")
            .header("Location")
            .orElseThrow();
    assertThat(devCaller.get(fresh).status()).isEqualTo(200);
    hub.expireSignatures();
    assertThat(devCaller.get(fresh).status()).isEqualTo(403);
    assertThat(hub.violations()).isEmpty();
  }

  @Test
  void a_changed_signature_is_refused() {
    String location =
        devCaller
            .head("/acme/tiny-bert/resolve/main/sub/model.bin")
            .header("Location")
            .orElseThrow();
    assertThat(devCaller.get(location.replace("Signature=", "Signature=A")).status())
        .isEqualTo(403);
    assertThat(devCaller.get(location.replace("Expires=1", "Expires=2")).status()).isEqualTo(403);
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
        DevCaller.Answer answer = devCaller.follow(target, "Range", c.range);
        assertThat(answer.status()).as(c.range).isEqualTo(206);
        assertThat(answer.header("Content-Range"))
            .contains("bytes %d-%d/%d".formatted(c.from, c.to - 1, size));
        assertThat(answer.body()).isEqualTo(Arrays.copyOfRange(all, c.from, c.to));
      }
      DevCaller.Answer beyond = devCaller.follow(target, "Range", "bytes=" + size + "-");
      assertThat(beyond.status()).isEqualTo(416);
      assertThat(beyond.header("Content-Range")).contains("bytes */" + size);
      for (String ignored :
          List.of("bytes=1-2,4-5", "lines=1-2", "bytes=9-3", "bytes=-", "bytes=x-")) {
        assertThat(devCaller.follow(target, "Range", ignored).status()).as(ignored).isEqualTo(200);
      }
      assertThat(devCaller.follow(target, "Range", "bytes=0-0", "If-Range", "\"other\"").status())
          .isEqualTo(200);
    }
  }

  @Test
  void every_form_of_a_revision_leads_to_its_commit() {
    String second =
        repo.commit("main", "second", DevCaller.files("config.json", DevFile.text("{}")));
    repo.tag("v1.0", sha).ref("refs/pr/1", sha).branch("feature/x", sha);
    for (String revision :
        List.of("v1.0", sha, sha.substring(0, 7), "refs%2Fpr%2F1", "refs/pr/1", "feature%2Fx")) {
      DevCaller.Answer answer =
          devCaller.head("/acme/tiny-bert/resolve/" + revision + "/config.json");
      assertThat(answer.header("X-Repo-Commit")).as(revision).contains(sha);
    }
    for (String revision : List.of("main", "HEAD", second, "refs%2Fheads%2Fmain")) {
      DevCaller.Answer answer =
          devCaller.head("/acme/tiny-bert/resolve/" + revision + "/config.json");
      assertThat(answer.header("X-Repo-Commit")).as(revision).contains(second);
    }
    repo.defaultBranch("feature/x");
    assertThat(devCaller.head("/acme/tiny-bert/resolve/HEAD/config.json").header("X-Repo-Commit"))
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
      repo.commit("main", "add " + name, DevCaller.files(name, file, "lfs/" + name, large));
      for (String encoded : List.of(DevText.encodePath(name), DevText.encode(name))) {
        DevCaller.Answer answer = devCaller.follow("/acme/tiny-bert/resolve/main/" + encoded);
        assertThat(answer.status()).as(encoded).isEqualTo(200);
        assertThat(answer.body()).isEqualTo(file.allBytes());
      }
      assertThat(
              devCaller
                  .follow("/acme/tiny-bert/resolve/main/lfs/" + DevText.encodePath(name))
                  .body())
          .isEqualTo(large.allBytes());
    }
  }

  @Test
  void all_repo_types_and_one_word_ids_resolve() {
    for (String type : List.of("dataset", "space", "kernel")) {
      hub.repo(type, "acme/things").commit("main", "x", DevCaller.files("a.txt", CONFIG));
      assertThat(devCaller.follow("/%ss/acme/things/resolve/main/a.txt".formatted(type)).body())
          .isEqualTo(CONFIG.allBytes());
    }
    hub.repo("model", "gpt2").commit("main", "x", DevCaller.files("config.json", CONFIG));
    hub.repo("dataset", "squad").commit("main", "x", DevCaller.files("config.json", CONFIG));
    assertThat(devCaller.follow("/gpt2/resolve/main/config.json").status()).isEqualTo(200);
    assertThat(devCaller.follow("/datasets/squad/resolve/main/config.json").status())
        .isEqualTo(200);
  }

  @Test
  void a_known_etag_gets_a_304_without_content() {
    for (String path : List.of("config.json", "sub/model.bin")) {
      String etag = '"' + repo.file("main", path).orElseThrow().etag() + '"';
      DevCaller.Answer answer =
          devCaller.get("/acme/tiny-bert/resolve/main/" + path, "If-None-Match", "\"x\", " + etag);
      assertThat(answer.status()).isEqualTo(304);
      assertThat(answer.header("ETag")).contains(etag);
      assertThat(answer.header("X-Repo-Commit")).contains(sha);
      assertThat(answer.header("Content-Type")).isEmpty();
    }
  }

  @Test
  void raw_gives_the_pointer_of_an_lfs_file() {
    DevCaller.Answer pointer = devCaller.get("/acme/tiny-bert/raw/main/sub/model.bin");
    assertThat(pointer.text())
        .isEqualTo(
            "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 300001\n"
                .formatted(WEIGHTS.sha256()));
    assertThat(pointer.header("ETag")).contains('"' + WEIGHTS.gitOid() + '"');
    assertThat(devCaller.get("/acme/tiny-bert/raw/main/config.json").body())
        .isEqualTo(CONFIG.allBytes());
  }

  @Test
  void the_old_form_answers_a_regular_file_at_once() {
    hub.directSmallFiles(true);
    DevCaller.Answer answer = devCaller.get("/acme/tiny-bert/resolve/main/config.json");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo(CONFIG.allBytes());
  }

  @Test
  void download_asks_for_an_attachment() {
    DevCaller.Answer answer =
        devCaller.follow("/acme/tiny-bert/resolve/main/sub/model.bin?download=true");
    assertThat(answer.header("Content-Disposition").orElseThrow()).startsWith("attachment;");
  }

  @Test
  void the_cdn_can_refuse_head_and_change_its_name() {
    String location =
        devCaller
            .head("/acme/tiny-bert/resolve/main/sub/model.bin")
            .header("Location")
            .orElseThrow();
    assertThat(devCaller.head(location).status()).isEqualTo(200);
    hub.cdnRefusesHead(true);
    assertThat(devCaller.head(location).status()).isEqualTo(403);
    assertThat(devCaller.get(location).status()).isEqualTo(200);
    hub.rotateCdnHost();
    assertThat(devCaller.head("/acme/tiny-bert/resolve/main/sub/model.bin").header("Location"))
        .get()
        .asString()
        .startsWith("http://127.0.0.1:" + hub.cdnUri().getPort());
  }
}
