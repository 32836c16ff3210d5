package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.cli.AppSettings;
import io.intrahub.clients.CurlClient;
import io.intrahub.clients.PythonClient;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.testing.FreePorts;
import io.intrahub.upstream.hub.EndpointSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/**
 * An upstream that is itself a mirror of the Hub: a real nginx that rewrites what the Hub says, as
 * public mirrors describe themselves.
 */
class MirrorAsUpstreamIT {
  private static final String SMALL = "/acme/open/resolve/main/small.txt";
  private static final String LFS = "/acme/open/resolve/main/weights.bin";
  private static final String INFO = "/api/models/acme/open";
  private static final String TREE = "/api/models/acme/open/tree/main?recursive=true";
  private static final DevFile WEIGHTS = DevFile.lfsGenerated(8, 3_000_000);

  @TempDir Path tmp;
  private Optional<Nginx> nginx = Optional.empty();
  private Optional<Rig> rig = Optional.empty();

  /** What the mirror in front of the Hub changes. */
  private enum Style {
    /** Redirects to the CDN lead to another host name of the mirror. */
    OWN_HOSTS("proxy_redirect http://localhost:%CDN%/ http://localhost:%PORT%/cdn/;"),
    /** Redirects to the CDN are relative. */
    RELATIVE("absolute_redirect off; proxy_redirect http://localhost:%CDN%/ /cdn/;"),
    /** Redirects lead to the Hub's CDN, and no answer names the size of the file. */
    NO_SIZE("proxy_hide_header X-Linked-Size;"),
    /** No answer names the commit. */
    NO_COMMIT("proxy_hide_header X-Repo-Commit;"),
    /** Redirects are relative, and no answer names the commit, the digest or the size. */
    SILENT(
        """
        absolute_redirect off;
        proxy_redirect http://localhost:%CDN%/ /cdn/;
        proxy_hide_header X-Repo-Commit;
        proxy_hide_header X-Linked-ETag;
        proxy_hide_header X-Linked-Size;
        proxy_hide_header ETag;
        """);

    private final String rules;

    Style(String rules) {
      this.rules = rules;
    }
  }

  @AfterEach
  void stop() {
    rig.ifPresent(Rig::close);
    nginx.ifPresent(Nginx::close);
  }

  private Rig start(Style style) throws Exception {
    Nginx.assumeAvailable();
    int cdnPort = FreePorts.next();
    Rig started =
        new Rig(
            Files.createDirectory(tmp.resolve("data")),
            s -> behind(s, style, cdnPort),
            DevHub.builder().cdnPort(cdnPort));
    rig = Optional.of(started);
    started
        .hub
        .repo("model", "acme/open")
        .commit("Add it", Map.of("small.txt", DevFile.text("small\n"), "weights.bin", WEIGHTS));
    return started;
  }

  private AppSettings behind(AppSettings s, Style style, int cdnPort) {
    URI hub = s.upstream().endpoints().getFirst().address();
    try {
      if (nginx.isEmpty()) {
        Path folder = Files.createDirectory(tmp.resolve("nginx"));
        nginx = Optional.of(Nginx.start(folder, config(hub, style, cdnPort)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    URI front = URI.create("http://127.0.0.1:" + nginx.orElseThrow().port());
    return s.withUpstream(
        s.upstream().withEndpoints(List.of(EndpointSettings.publicMirror(front))));
  }

  /** While one of these files exists, the mirror gives that answer to everything. */
  private Path challenge() {
    return tmp.resolve("challenge");
  }

  private Path limited() {
    return tmp.resolve("limited");
  }

  private String config(URI hub, Style style, int cdnPort) {
    return """
    server {
      listen 127.0.0.1:%PORT%;
      default_type text/html;
      if (-f CHALLENGE) { return 200 "<!DOCTYPE html><title>Checking your browser</title>"; }
      if (-f LIMITED) { return 429; }
      location / { proxy_pass HUB; proxy_http_version 1.1; RULES }
      location /cdn/ { proxy_pass http://localhost:%CDN%/; proxy_http_version 1.1; }
    }
    """
        .replace("RULES", style.rules)
        .replace("%CDN%", Integer.toString(cdnPort))
        .replace("HUB", hub.toString())
        .replace("CHALLENGE", challenge().toString())
        .replace("LIMITED", limited().toString());
  }

  private Rig.Answer get(String target) {
    return rig.orElseThrow().get(target, Optional.empty());
  }

  private void everythingLoads(String when) {
    assertThat(get(SMALL).text()).as(when).isEqualTo("small\n");
    Rig.Answer weights = get(LFS);
    assertThat(weights.status()).as(when + ": " + weights.text()).isEqualTo(200);
    assertThat(weights.body()).as(when).isEqualTo(WEIGHTS.allBytes());
    assertThat(weights.header("etag")).as(when).contains('"' + WEIGHTS.sha256() + '"');
    assertThat(weights.header("x-repo-commit").orElse("")).as(when).matches("[0-9a-f]{40}");
    assertThat(get(INFO).text()).as(when).contains("weights.bin");
    assertThat(get(TREE).text()).as(when).contains("weights.bin");
  }

  private void awaitIdle() {
    await().until(() -> rig.orElseThrow().app().runningTasks() == 0);
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void a_repo_loads_cold_and_warm_and_during_an_outage(Style style) throws Exception {
    Rig mirror = start(style);
    everythingLoads("cold");
    awaitIdle();
    int asked = mirror.hub.log().size();
    everythingLoads("warm");
    awaitIdle();
    assertThat(mirror.hub.log()).as("calls for warm requests").hasSize(asked);

    mirror.hub.goDark();
    mirror.hub.cdnGoDark();
    mirror.clock.pass(Duration.ofMinutes(30));
    everythingLoads("while the Hub behind the mirror is away");
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void real_curl_loads_a_file_first(Style style) throws Exception {
    Rig mirror = start(style);
    CurlClient curl = new CurlClient(tmp);
    curl.assumeAvailable();
    CurlClient.Answer answer = curl.get(mirror.app().uri() + SMALL, "-L");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).isEqualTo("small\n");
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void the_hubs_own_client_loads_a_repo_cold_and_warm_and_during_an_outage(Style style)
      throws Exception {
    PythonClient hf = new PythonClient("hf-2.4.0", tmp);
    hf.assumeAvailable();
    Rig mirror = start(style);
    load(hf, "cold");
    awaitIdle();
    int asked = mirror.hub.log().size();
    load(hf, "warm");
    assertThat(mirror.hub.log()).as("calls for a warm load").hasSize(asked);
    mirror.hub.goDark();
    mirror.hub.cdnGoDark();
    mirror.clock.pass(Duration.ofMinutes(30));
    load(hf, "while the Hub behind the mirror is away");
  }

  private void load(PythonClient hf, String when) {
    JsonNode files =
        hf.call()
            .endpoint(rig.orElseThrow().app().uri())
            .script("snapshot.py", "acme/open")
            .expectSuccess()
            .json()
            .get("files");
    assertThat(files.get("weights.bin").get("sha256").asString())
        .as(when)
        .isEqualTo(WEIGHTS.sha256());
    assertThat(files.get("small.txt").get("size").asInt()).as(when).isEqualTo(6);
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void a_wrong_byte_never_completes(Style style) throws Exception {
    Rig mirror = start(style);
    mirror.hub.faults().on(Route.CDN).wrongByteAt(WEIGHTS.size() - 1);
    for (int time = 0; time < 2; time++) {
      Optional<Rig.Answer> answer = tryToGet(LFS);
      assertThat(answer.map(Rig.Answer::status).filter(s -> s == 200)).isEmpty();
    }
    mirror.hub.faults().clear();
    mirror.clock.pass(Duration.ofMinutes(3));
    assertThat(get(LFS).body()).isEqualTo(WEIGHTS.allBytes());
  }

  /** A whole answer, or none when the connection broke in the middle of it. */
  private Optional<Rig.Answer> tryToGet(String target) {
    try {
      return Optional.of(get(target));
    } catch (AssertionError e) {
      return Optional.empty();
    }
  }

  @Test
  void a_challenge_page_or_a_limit_of_the_mirror_is_an_error_to_new_loads_and_none_to_old()
      throws Exception {
    Rig mirror = start(Style.RELATIVE);
    assertThat(get(SMALL).text()).isEqualTo("small\n");
    awaitIdle();
    for (Path trouble : List.of(challenge(), limited())) {
      Files.createFile(trouble);
      mirror.clock.pass(Duration.ofMinutes(10));
      assertThat(get(SMALL).text()).as("stored, with %s", trouble).isEqualTo("small\n");
      Rig.Answer cold = get(LFS);
      assertThat(cold.status()).as(cold.text()).isIn(429, 502, 503, 504);
      assertThat(cold.text()).doesNotContain("<");
      Files.delete(trouble);
      mirror.clock.pass(Duration.ofMinutes(10));
    }
    assertThat(get(LFS).body()).isEqualTo(WEIGHTS.allBytes());
  }
}
