package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.AccessChecker;
import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import io.intrahub.http.HttpSettings;
import io.intrahub.testing.FreePorts;
import io.intrahub.upstream.hub.EndpointSettings;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A mirror in front of another one: that of an office, for example, in front of that of the
 * company. Its clients see what they would see in front of the Hub.
 */
@Tag("slow")
@Timeout(120)
class MirrorChainTest {
  private static final String SMALL = "/acme/open/resolve/main/small.txt";
  private static final String LFS = "/acme/open/resolve/main/weights.bin";
  private static final String INFO = "/api/models/acme/open";
  private static final String TREE = "/api/models/acme/open/tree/main?recursive=true";
  private static final String SECRET = "/acme/secret/resolve/main/weights.bin";
  private static final DevFile WEIGHTS = DevFile.lfsGenerated(8, 3_000_000);
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final Optional<String> MALLORY = Optional.of("hf_mallory");
  private static final Optional<String> NOBODY = Optional.empty();

  @TempDir Path tmp;
  private Rig inner;
  private Rig outer;
  private DevRepo secret;

  @BeforeEach
  void start() {
    inner = new Rig(tmp.resolve("inner"), MirrorChainTest::patient);
    outer = inFront("outer");
    inner.hub.token("hf_alice", "alice");
    inner.hub.token("hf_mallory", "mallory");
    Map<String, DevFile> files =
        Map.of("small.txt", DevFile.text("small\n"), "weights.bin", WEIGHTS);
    inner.hub.repo("model", "acme/open").commit("Add it", files);
    secret = inner.hub.repo("model", "acme/secret").visibility(Visibility.PRIVATE);
    secret.allow("hf_alice").commit("Add it", files);
  }

  /** So that the inner mirror believes longer than the outer one. */
  private static AppSettings patient(AppSettings s) {
    AccessChecker.Settings a = s.access();
    return s.withAccess(
        new AccessChecker.Settings(
            a.publicTtl(),
            Duration.ofDays(90),
            a.grantTtl(),
            a.grantRevalidate(),
            Duration.ofDays(90),
            a.keepRemoved()));
  }

  private Rig inFront(String name) {
    return new Rig(tmp.resolve(name), s -> behind(s, inner.app().uri()));
  }

  private static AppSettings behind(AppSettings s, URI upstream) {
    return s.withUpstream(s.upstream().withEndpoints(List.of(EndpointSettings.trusted(upstream))));
  }

  @AfterEach
  void stop() {
    outer.close();
    inner.close();
  }

  private void pass(Duration time) {
    inner.clock.pass(time);
    outer.clock.pass(time);
  }

  private void settle() {
    outer.settle();
    inner.settle();
  }

  private Rig.Answer get(String target, Optional<String> token) {
    Rig.Answer answer = outer.get(target, token);
    settle();
    return answer;
  }

  private Rig.Answer get(String target) {
    return get(target, NOBODY);
  }

  private static String cacheStatus(Rig.Answer answer) {
    return answer.header("cache-status").orElse("");
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

  @Test
  void a_repo_loads_cold_warm_and_without_the_inner_mirror() {
    everythingLoads("cold");
    long bytes = inner.hub.counters().requests(Route.CDN);
    assertThat(bytes).as("downloads of the only large file").isEqualTo(1);
    int asked = inner.hub.log().size();
    everythingLoads("warm");
    assertThat(inner.hub.log()).as("calls for warm requests").hasSize(asked);

    inner.hub.goDark();
    inner.app().close();
    pass(Duration.ofMinutes(30));
    everythingLoads("alone");
    assertThat(cacheStatus(get(SMALL))).contains("detail=stale");
  }

  @Test
  void what_the_inner_mirror_serves_in_an_outage_is_passed_on_with_its_label_and_not_kept() {
    assertThat(inner.get(SMALL, NOBODY).status()).isEqualTo(200);
    assertThat(inner.get(LFS, NOBODY).status()).isEqualTo(200);
    assertThat(inner.get(TREE, NOBODY).status()).isEqualTo(200);
    assertThat(inner.get(INFO, NOBODY).status()).isEqualTo(200);
    settle();
    inner.hub.goDark();
    pass(Duration.ofMinutes(30));

    everythingLoads("through a mirror that has it");
    for (String target : List.of(SMALL, LFS, INFO)) {
      Rig.Answer answer = get(target);
      assertThat(cacheStatus(answer)).as(target).contains("fwd=bypass").contains("detail=stale");
      assertThat(answer.header("x-hf-warning")).as(target).isPresent();
    }

    inner.hub.comeBack();
    pass(Duration.ofMinutes(2));
    everythingLoads("when the Hub is back");
    Rig.Answer fresh = get(SMALL);
    assertThat(cacheStatus(fresh)).startsWith("intrahub; hit").doesNotContain("stale");
    assertThat(fresh.header("x-hf-warning")).isEmpty();
  }

  /** Everybody's right to read lives for 7 days without the Hub's word, in the outer mirror. */
  @Test
  void a_stale_answer_confirms_no_grant() {
    everythingLoads("cold");
    inner.hub.goDark();
    for (int day = 0; day < 6; day++) {
      pass(Duration.ofDays(1));
      assertThat(cacheStatus(get(SMALL))).as("day " + day).contains("detail=stale");
    }
    pass(Duration.ofDays(2));
    inner.app().close();
    Rig.Answer late = get(SMALL);
    assertThat(late.status()).as(late.text()).isEqualTo(504);
  }

  @Test
  void a_private_repo_is_for_those_whom_the_hub_lets_in() {
    assertThat(get(SECRET).status()).isIn(401, 404);
    assertThat(get(SECRET, MALLORY).status()).isIn(401, 404);
    assertThat(get(SECRET, ALICE).body()).isEqualTo(WEIGHTS.allBytes());
    assertThat(get(SECRET, MALLORY).status()).isIn(401, 404);
    assertThat(get(SECRET).status()).isIn(401, 404);
    int asked = inner.hub.log().size();
    assertThat(get(SECRET, ALICE).body()).isEqualTo(WEIGHTS.allBytes());
    assertThat(inner.hub.log()).as("calls for a warm request").hasSize(asked);

    secret.disallow("hf_alice");
    pass(Duration.ofMinutes(11));
    assertThat(get(SECRET, ALICE).status()).isIn(401, 404);
  }

  @Test
  void an_old_grant_of_a_token_counts_in_an_outage_and_no_longer_than_in_front_of_the_hub() {
    assertThat(get(SECRET, ALICE).status()).isEqualTo(200);
    inner.hub.goDark();
    pass(Duration.ofMinutes(50));
    Rig.Answer old = get(SECRET, ALICE);
    assertThat(old.status()).as(old.text()).isEqualTo(200);
    assertThat(cacheStatus(old)).contains("detail=stale");
    assertThat(get(SECRET, MALLORY).status()).isIn(401, 404, 503, 504);

    pass(Duration.ofMinutes(20));
    // Although the inner mirror, whose grants last longer, has confirmed it again and again.
    assertThat(inner.get(SECRET, ALICE).status()).isEqualTo(200);
    assertThat(get(SECRET, ALICE).status()).isIn(503, 504);
  }

  /** A client can use up its own token's quota, and must not gain by that. */
  @Test
  void a_limit_of_a_token_at_the_hub_keeps_no_old_grant_of_it_in_the_outer_mirror() {
    assertThat(get(SECRET, ALICE).status()).isEqualTo(200);
    secret.disallow("hf_alice");
    inner
        .hub
        .faults()
        .everywhere()
        .when(call -> call.authorization().equals(Optional.of("Bearer hf_alice")))
        .status(429, Map.of("Retry-After", "60"), "{}");
    pass(Duration.ofMinutes(16));
    Rig.Answer limited = get(SECRET, ALICE);
    assertThat(limited.status()).as(limited.text()).isEqualTo(503);
    assertThat(cacheStatus(limited)).isEqualTo("intrahub; detail=limited");
  }

  @Test
  void a_wrong_byte_completes_at_neither() {
    inner.hub.faults().on(Route.CDN).wrongByteAt(WEIGHTS.size() - 1);
    for (int time = 0; time < 2; time++) {
      assertThat(whole(LFS).map(Rig.Answer::status).filter(s -> s == 200)).isEmpty();
    }
    inner.hub.faults().clear();
    pass(Duration.ofMinutes(3));
    assertThat(get(LFS).body()).isEqualTo(WEIGHTS.allBytes());
  }

  /** A whole answer, or none when the connection broke in the middle of it. */
  private Optional<Rig.Answer> whole(String target) {
    try {
      return Optional.of(get(target));
    } catch (AssertionError e) {
      return Optional.empty();
    }
  }

  @Test
  void a_missing_file_repo_or_revision_is_missing_in_the_hubs_words() {
    everythingLoads("cold");
    Rig.Answer file = get("/acme/open/resolve/main/nope.txt");
    assertThat(file.status()).isEqualTo(404);
    assertThat(file.header("x-error-code")).contains("EntryNotFound");
    assertThat(get("/acme/open/resolve/nope/small.txt").header("x-error-code"))
        .contains("RevisionNotFound");
    assertThat(get("/api/models/acme/nope").header("x-error-code")).contains("RepoNotFound");
  }

  @Test
  void each_mirror_on_the_way_is_named_to_the_next_and_none_to_the_file_servers() {
    everythingLoads("cold");
    assertThat(inner.hub.log())
        .filteredOn(r -> r.route() == Route.REPO_INFO || r.route() == Route.RESOLVE)
        .isNotEmpty()
        .allSatisfy(r -> assertThat(r.header("Via").orElse("")).matches("1\\.1 intrahub-.*"))
        .anySatisfy(r ->
            assertThat(r.header("Via").orElse(""))
                .matches("1\\.1 intrahub-[0-9a-f]{16}, 1\\.1 intrahub-[0-9a-f]{16}"));
    assertThat(inner.hub.log())
        .filteredOn(r -> r.route() == Route.CDN)
        .allSatisfy(r -> assertThat(r.header("Via")).isEmpty());
  }

  private static UnaryOperator<AppSettings> on(int port, int upstream) {
    return s ->
        behind(s, URI.create("http://127.0.0.1:" + upstream))
            .withListeners(new HttpSettings("127.0.0.1", port), s.admin());
  }

  @Test
  void a_mirror_that_is_its_own_upstream_says_so() throws Exception {
    int port = FreePorts.next();
    try (Rig own = new Rig(tmp.resolve("own"), on(port, port))) {
      for (String target : List.of(SMALL, INFO, TREE, "/api/models?search=x")) {
        Rig.Answer answer = own.get(target, NOBODY);
        assertThat(answer.status()).as(target).isEqualTo(508);
        assertThat(answer.text()).as(target).contains("upstream.endpoints lead in a circle");
      }
    }
  }

  @Test
  void two_mirrors_that_are_each_others_upstream_say_so() throws Exception {
    int one = FreePorts.next();
    int two = FreePorts.next();
    try (Rig a = new Rig(tmp.resolve("a"), on(one, two));
        Rig b = new Rig(tmp.resolve("b"), on(two, one))) {
      for (Rig rig : List.of(a, b)) {
        for (String target : List.of(SMALL, INFO, "/api/models?search=x")) {
          Rig.Answer answer = rig.get(target, NOBODY);
          assertThat(answer.status()).as(target).isEqualTo(508);
          assertThat(answer.text()).as(target).contains("upstream.endpoints lead in a circle");
        }
      }
    }
  }
}
