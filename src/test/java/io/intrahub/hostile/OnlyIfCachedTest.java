package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Visibility;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A client may say that it wants what is stored or nothing, and no call is made for it. */
class OnlyIfCachedTest {
  private static final String FILE = "/acme/x/resolve/main/a.json";
  private static final String INFO = "/api/models/acme/x/revision/main";
  private static final String TREE = "/api/models/acme/x/tree/main?recursive=true&expand=false";
  private static final String ONLY = "only-if-cached";

  @TempDir private Path data;
  private Rig rig;
  private DevRepo repo;

  @BeforeEach
  void start() {
    rig = new Rig(data.resolve("store"));
    repo = rig.hub.repo("model", "acme/x");
    repo.commit("first", Map.of("a.json", DevFile.text("1"), "b.json", DevFile.text("2")));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private HttpResponse<String> get(String target, String cacheControl, Optional<String> token) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(rig.app().uri() + target))
            .header("Cache-Control", cacheControl);
    token.ifPresent(t -> request.header("Authorization", "Bearer " + t));
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (Exception e) {
      throw new AssertionError(target, e);
    }
  }

  private HttpResponse<String> get(String target, String cacheControl) {
    return get(target, cacheControl, Optional.empty());
  }

  private void load() {
    for (String target : new String[] {INFO, TREE, FILE}) {
      assertThat(rig.get(target, Optional.empty()).status()).isEqualTo(200);
    }
    rig.settle();
    rig.hub.counters().reset();
  }

  private void expectCalls(int count) {
    rig.settle();
    assertThat(rig.hub.counters().requests()).isEqualTo(count);
  }

  @ParameterizedTest
  @ValueSource(strings = {INFO, TREE, FILE})
  void what_is_stored_is_served_without_a_call(String target) {
    load();
    rig.clock.pass(Duration.ofSeconds(400));
    assertThat(get(target, ONLY).statusCode()).isEqualTo(200);
    expectCalls(0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        INFO,
        TREE,
        FILE,
        "/api/models/acme/x",
        "/api/models/acme/x/refs",
        "/api/models/acme/x/commits/main",
        "/api/models/acme/x/tree/main?expand=true",
        "/api/models",
        "/acme/x/raw/main/a.json"
      })
  void what_is_not_stored_is_a_504_that_names_it(String target) {
    HttpResponse<String> answer = get(target, ONLY);
    assertThat(answer.statusCode()).isEqualTo(504);
    assertThat(answer.body())
        .contains("only-if-cached", target.equals("/api/models") ? "models" : "acme/x");
    expectCalls(0);
  }

  @Test
  void a_file_that_is_known_but_not_stored_is_a_504_too() {
    load();
    HttpResponse<String> answer = get("/acme/x/resolve/main/b.json", ONLY);
    assertThat(answer.statusCode()).isEqualTo(504);
    assertThat(answer.body()).contains("b.json of model acme/x");
    assertThat(get("/acme/x/resolve/main/nope.json", ONLY).statusCode()).isEqualTo(404);
    expectCalls(0);
  }

  @Test
  void an_old_commit_is_served_to_those_who_accept_it() {
    load();
    // Everybody's grant is renewed by another revision meanwhile.
    repo.branch("dev", repo.commitOf("main").orElseThrow());
    rig.clock.pass(Duration.ofSeconds(700));
    assertThat(rig.get("/acme/x/resolve/dev/a.json", Optional.empty()).status()).isEqualTo(200);
    rig.settle();
    rig.hub.counters().reset();
    assertThat(get(FILE, ONLY).statusCode()).isEqualTo(504);
    assertThat(get(FILE, "only-if-cached, max-stale=10").statusCode()).isEqualTo(504);
    assertThat(get(FILE, "only-if-cached, max-stale").statusCode()).isEqualTo(200);
    expectCalls(0);
  }

  @Test
  void nobody_reads_more_with_it() {
    Optional<String> alice = Optional.of("hf_alice");
    rig.hub.token("hf_alice", "alice");
    repo.visibility(Visibility.PRIVATE).allow("hf_alice");
    assertThat(rig.get(FILE, alice).status()).isEqualTo(200);
    rig.settle();
    rig.hub.counters().reset();
    assertThat(get(FILE, ONLY, alice).statusCode()).isEqualTo(200);
    assertThat(get(FILE, ONLY).statusCode()).isEqualTo(504);
    assertThat(get(FILE, ONLY, Optional.of("hf_bob")).statusCode()).isEqualTo(504);
    rig.clock.pass(Duration.ofMinutes(6));
    assertThat(get(FILE, "only-if-cached, max-stale", alice).statusCode()).isEqualTo(504);
    expectCalls(0);
  }

  @Test
  void a_client_that_accepts_no_old_answer_has_upstream_asked() {
    load();
    rig.clock.pass(Duration.ofSeconds(20));
    assertThat(get(INFO, "max-age=30").statusCode()).isEqualTo(200);
    assertThat(get(INFO, "min-fresh=30").statusCode()).isEqualTo(200);
    expectCalls(0);
    assertThat(get(INFO, "max-age=10").statusCode()).isEqualTo(200);
    expectCalls(1);
    rig.clock.pass(Duration.ofSeconds(20));
    assertThat(get(INFO, "min-fresh=50").statusCode()).isEqualTo(200);
    expectCalls(2);
  }
}
