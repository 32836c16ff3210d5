package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.local.AccessMode;
import io.intrahub.access.local.AccessRules;
import io.intrahub.cli.AppSettings;
import io.intrahub.cli.SiteAccess;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import io.intrahub.hostile.RewritingMirror.Style;
import io.intrahub.hostile.RewritingMirror.Trouble;
import io.intrahub.testing.FreePorts;
import io.intrahub.upstream.hub.EndpointSettings;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * An upstream that is itself a mirror of the Hub. What it does not say is learned in another way or
 * the request fails; it is never guessed, and what it says of its own troubles refuses nobody.
 */
@Tag("slow")
@Timeout(120)
class RewritingMirrorTest {
  private static final String SMALL = "/acme/open/resolve/main/small.txt";
  private static final String LFS = "/acme/open/resolve/main/weights.bin";
  private static final String INFO = "/api/models/acme/open";
  private static final String TREE = "/api/models/acme/open/tree/main?recursive=true";
  private static final DevFile WEIGHTS = DevFile.lfsGenerated(8, 300_000);
  private static final int FILES = 7;

  @BeforeAll
  static void warmUp(@TempDir Path tmp) {
    Rig.warmUp(tmp.resolve("data"));
  }

  @TempDir Path data;
  private Rig rig;
  private RewritingMirror mirror;

  private void start(Style style) {
    start(style, true);
  }

  /** With a mirror that receives no tokens, or does. */
  private void start(Style style, boolean isPublic) {
    int cdnPort = FreePorts.next();
    rig =
        new Rig(data, s -> behind(s, style, isPublic, cdnPort), DevHub.builder().cdnPort(cdnPort));
    rig.hub.treePageSize(3);
    Map<String, DevFile> files = new HashMap<>();
    files.put("small.txt", DevFile.text("small\n"));
    files.put("weights.bin", WEIGHTS);
    for (int i = 2; i < FILES; i++) {
      files.put("more/" + i + ".bin", DevFile.lfsGenerated(100 + i, 2_000));
    }
    rig.hub.repo("model", "acme/open").commit("Add it", files);
  }

  private AppSettings behind(AppSettings s, Style style, boolean isPublic, int cdnPort) {
    if (mirror == null) {
      URI hub = s.upstream().endpoints().getFirst().address();
      mirror = RewritingMirror.start(style, hub, "http://localhost:" + cdnPort);
    }
    // What the configuration makes of an upstream that receives no tokens.
    SiteAccess site =
        new SiteAccess(
            AccessMode.PUBLIC_ONLY,
            AccessRules.withoutUpstreamTokens(),
            Optional.empty(),
            Optional.empty(),
            s.access().grantTtl(),
            s.access().grantGrace());
    return (isPublic ? s.withSite(site) : s)
        // Its troubles are waited for as long as these say.
        .withMirror(s.mirror().withTimeouts(Duration.ofSeconds(3), Duration.ofSeconds(1)))
        .withUpstream(
            s.upstream()
                .withEndpoints(
                    List.of(
                        isPublic
                            ? EndpointSettings.publicMirror(mirror.uri())
                            : EndpointSettings.trusted(mirror.uri()))));
  }

  @AfterEach
  void stop() {
    rig.close();
    mirror.close();
  }

  private Rig.Answer get(String target) {
    Rig.Answer answer = rig.get(target, Optional.empty());
    rig.settle();
    return answer;
  }

  private void everythingLoads(String when) {
    if (mirror.isLying()) {
      // A digest that is none costs one request, after which the listing is believed.
      get(SMALL);
    }
    Rig.Answer small = get(SMALL);
    assertThat(small.text()).as(when).isEqualTo("small\n");
    assertThat(small.header("etag"))
        .as(when)
        .contains('"' + DevFile.text("small\n").gitOid() + '"');
    Rig.Answer weights = get(LFS);
    assertThat(weights.status()).as(when + ": " + weights.text()).isEqualTo(200);
    assertThat(weights.body()).as(when).isEqualTo(WEIGHTS.allBytes());
    assertThat(weights.header("etag")).as(when).contains('"' + WEIGHTS.sha256() + '"');
    assertThat(weights.header("x-repo-commit").orElse("")).as(when).matches("[0-9a-f]{40}");
    assertThat(get(INFO).text()).as(when).contains("weights.bin");
    assertThat(get(TREE).text()).as(when).contains("weights.bin").contains("more/6.bin");
    for (int i = 2; i < FILES; i++) {
      assertThat(get("/acme/open/resolve/main/more/" + i + ".bin").body()).as(when).hasSize(2_000);
    }
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void a_repo_loads_cold_and_warm_and_during_an_outage(Style style) {
    start(style);
    everythingLoads("cold");
    assertThat(rig.hub.log())
        .filteredOn(r -> r.route() == Route.CDN && r.method().equals("GET"))
        .as("reads of large files")
        .hasSize(6);
    int calls = mirror.calls();
    everythingLoads("warm");
    assertThat(mirror.calls()).as("calls for warm requests").isEqualTo(calls);

    rig.hub.goDark();
    rig.hub.cdnGoDark();
    rig.clock.pass(Duration.ofMinutes(30));
    everythingLoads("while the Hub behind the mirror is away");
    rig.hub.comeBack();
    rig.clock.pass(Duration.ofMinutes(30));
    everythingLoads("when the Hub is back");
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void a_wrong_byte_never_completes(Style style) {
    start(style);
    rig.hub.faults().on(Route.CDN).wrongByteAt(WEIGHTS.size() - 1);
    rig.hub.faults().on(Route.RESOLVE_CACHE).wrongByteAt(1);
    for (String target : List.of(LFS, SMALL)) {
      assertThat(whole(target).map(Rig.Answer::status).filter(s -> s == 200)).isEmpty();
    }
    rig.hub.faults().clear();
    rig.clock.pass(Duration.ofMinutes(3));
    everythingLoads("later");
  }

  /** A whole answer, or none when the connection broke in the middle of it. */
  private Optional<Rig.Answer> whole(String target) {
    try {
      return Optional.of(get(target));
    } catch (AssertionError e) {
      return Optional.empty();
    }
  }

  @ParameterizedTest
  @CsvSource({"200, true", "403, true", "404, true", "503, true", "429, false", "403, false"})
  void its_own_trouble_is_an_error_to_new_loads_and_none_to_old(int status, boolean html) {
    start(Style.RELATIVE);
    assertThat(get(SMALL).text()).isEqualTo("small\n");
    mirror.trouble(Optional.of(new Trouble(status, html)));
    rig.clock.pass(Duration.ofMinutes(30));
    assertThat(get(SMALL).text()).as("stored").isEqualTo("small\n");
    for (String target : List.of(LFS, "/api/models/acme/other", "/acme/other/resolve/main/x")) {
      Rig.Answer cold = get(target);
      // Neither "not found" nor "forbidden", which clients believe.
      assertThat(cold.status()).as(cold.text()).isIn(429, 502, 503, 504);
      assertThat(cold.text()).doesNotContain("<");
      assertThat(cold.header("x-error-code")).isEmpty();
    }
    mirror.trouble(Optional.empty());
    rig.clock.pass(Duration.ofMinutes(10));
    everythingLoads("afterwards");
  }

  @Test
  void a_challenge_in_the_middle_of_a_load_is_asked_past() {
    start(Style.OWN_HOST);
    assertThat(get(INFO).status()).isEqualTo(200);
    mirror.troubleOnce(new Trouble(403, true));
    everythingLoads("with one challenge at its beginning");
  }

  @ParameterizedTest
  @EnumSource(Style.class)
  void what_is_missing_is_missing_and_what_the_hub_hides_is_hidden(Style style) {
    start(style);
    rig.hub.token("hf_alice", "alice");
    rig.hub
        .repo("model", "acme/secret")
        .visibility(Visibility.PRIVATE)
        .allow("hf_alice")
        .commit("Add it", Map.of("weights.bin", WEIGHTS));
    everythingLoads("cold");
    Rig.Answer missing = get("/acme/open/resolve/main/nope.txt");
    assertThat(missing.status()).isEqualTo(404);
    assertThat(missing.header("x-error-code")).contains("EntryNotFound");
    Rig.Answer hidden = rig.get("/acme/secret/resolve/main/weights.bin", Optional.of("hf_alice"));
    assertThat(hidden.status()).as(hidden.text()).isIn(401, 404);
    assertThat(hidden.text()).contains("send-tokens");
    assertThat(mirror.tokens()).as("tokens that a mirror was sent").isEmpty();
  }

  @Test
  void one_that_receives_tokens_serves_a_private_repo_to_those_whom_the_hub_lets_in() {
    start(Style.OWN_HOST, false);
    rig.hub.token("hf_alice", "alice");
    rig.hub.token("hf_mallory", "mallory");
    rig.hub
        .repo("model", "acme/secret")
        .visibility(Visibility.PRIVATE)
        .allow("hf_alice")
        .commit("Add it", Map.of("weights.bin", WEIGHTS));
    String secret = "/acme/secret/resolve/main/weights.bin";
    assertThat(rig.get(secret, Optional.of("hf_alice")).body()).isEqualTo(WEIGHTS.allBytes());
    assertThat(rig.get(secret, Optional.of("hf_mallory")).status()).isIn(401, 404);
    assertThat(rig.get(secret, Optional.empty()).status()).isIn(401, 404);
    mirror.trouble(Optional.of(new Trouble(403, true)));
    rig.clock.pass(Duration.ofMinutes(20));
    assertThat(rig.get(secret, Optional.of("hf_alice")).status())
        .as("a challenge is no refusal")
        .isEqualTo(200);
    mirror.trouble(Optional.empty());
  }
}
