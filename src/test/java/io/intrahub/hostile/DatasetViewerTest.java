package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.local.AccessMode;
import io.intrahub.access.local.AccessRule;
import io.intrahub.access.local.AccessRules;
import io.intrahub.base.AddressRanges;
import io.intrahub.cli.AppSettings;
import io.intrahub.cli.SiteAccess;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.RepoPattern;
import io.intrahub.upstream.hub.EndpointSettings;
import io.intrahub.upstream.hub.UpstreamSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests for the host {@code datasets-server.NAME}, which is the Hub's dataset viewer. */
class DatasetViewerTest {
  private static final Optional<String> NOBODY = Optional.empty();
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final Optional<String> BOB = Optional.of("hf_bob");
  private static final String SERVICE = "hf_serviceTOKEN";
  private static final String VIEWER = "datasets-server.mirror.example:8090";
  private static final String OPEN = "/parquet?dataset=acme/open";
  private static final String SECRET = "/first-rows?dataset=acme%2Fsecret&config=default";

  @TempDir Path tmp;
  private Path data;
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    start(UnaryOperator.identity());
  }

  private void start(UnaryOperator<AppSettings> change) throws Exception {
    data = tmp.resolve("data");
    rig = new Rig(data, change);
    rig.hub.token(SERVICE, "site");
    rig.hub.token(ALICE.get(), "alice");
    rig.hub.token(BOB.get(), "bob");
    rig.hub.repo("dataset", "acme/open").commit("Add it", "a.csv", DevFile.text("a,b"));
    rig.hub.repo("dataset", "acme/images").commit("Add it", "a.png", DevFile.text("a"));
    rig.hub
        .repo("dataset", "acme/secret")
        .visibility(Visibility.PRIVATE)
        .allow(ALICE.get(), SERVICE)
        .commit("Add it", "secret.csv", DevFile.text("a,b"));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  /** What came back on a connection of its own. */
  private record Seen(int status, String head, String body) {
    Optional<String> header(String name) {
      return head.lines()
          .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name + ": "))
          .map(line -> line.substring(name.length() + 2))
          .findFirst();
    }
  }

  private Seen ask(String method, String target, Optional<String> token) throws IOException {
    String request =
        method
            + " "
            + target
            + " HTTP/1.1\r\nHost: "
            + VIEWER
            + "\r\nConnection: close\r\n"
            + token.map(t -> "Authorization: Bearer " + t + "\r\n").orElse("")
            + "\r\n";
    String answer =
        new String(rig.wire(request.getBytes(StandardCharsets.US_ASCII)), StandardCharsets.UTF_8);
    String[] parts = answer.split("\r\n\r\n", 2);
    return new Seen(
        Integer.parseInt(parts[0].substring(9, 12)), parts[0], parts.length > 1 ? parts[1] : "");
  }

  private Seen get(String target, Optional<String> token) throws IOException {
    return ask("GET", target, token);
  }

  private List<Recorded> questions() {
    rig.settle();
    return rig.hub.log().stream().filter(call -> call.route() == Route.VIEWER).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"first-rows", "info", "parquet", "size", "splits"})
  void an_answer_is_asked_for_once_a_minute_and_its_links_lead_to_the_mirror(String question)
      throws Exception {
    String target = "/" + question + "?dataset=acme/open";
    Seen cold = get(target, NOBODY);
    assertThat(cold.status()).isEqualTo(200);
    assertThat(cold.body())
        .contains("\"http://mirror.example:8090/datasets/acme/open/resolve/main/a.csv\"");
    assertThat(cold.header("x-revision")).hasValueSatisfying(c -> assertThat(c).hasSize(40));
    Seen warm = get(target, NOBODY);
    assertThat(warm.header("cache-status")).hasValue("intrahub; hit; ttl=60");
    assertThat(warm.header("x-revision")).isEqualTo(cold.header("x-revision"));
    assertThat(warm.body()).isEqualTo(cold.body());
    assertThat(questions()).hasSize(1);
    rig.clock.pass(Duration.ofSeconds(61));
    assertThat(get(target, NOBODY).status()).isEqualTo(200);
    assertThat(questions()).hasSize(2);
  }

  @Test
  void the_last_answer_is_still_there_while_the_viewer_is_not() throws Exception {
    get(OPEN, NOBODY);
    rig.settle();
    rig.hub.goDark();
    rig.clock.pass(Duration.ofHours(1));
    Seen dark = get(OPEN, NOBODY);
    assertThat(dark.status()).isEqualTo(200);
    assertThat(dark.header("cache-status"))
        .hasValueSatisfying(label -> assertThat(label).contains("detail=stale"));
    assertThat(get("/splits?dataset=acme/open", NOBODY).status()).isEqualTo(504);
  }

  @Test
  void rows_of_a_private_dataset_are_for_those_who_may_read_it() throws Exception {
    Seen alices = get(SECRET, ALICE);
    assertThat(alices.status()).isEqualTo(200);
    assertThat(alices.body()).contains("secret.csv");
    assertThat(get(SECRET, ALICE).header("cache-status")).hasValue("intrahub; hit; ttl=60");
    for (Optional<String> other : List.of(NOBODY, BOB)) {
      Seen refused = get(SECRET, other);
      assertThat(refused.status()).isBetween(401, 404);
      assertThat(refused.body()).doesNotContain("secret.csv");
    }
    assertThat(get(SECRET, BOB).header("x-error-code")).hasValue("ExternalAuthenticatedError");
  }

  @Test
  void rows_in_memory_are_not_shown_to_a_token_that_lost_the_right_to_read() throws Exception {
    assertThat(get(SECRET, ALICE).status()).isEqualTo(200);
    rig.hub.repo("dataset", "acme/secret").disallow(ALICE.get());
    rig.clock.pass(Duration.ofMinutes(20));
    Seen later = get(SECRET, ALICE);
    assertThat(later.status()).isBetween(401, 404);
    assertThat(later.body()).doesNotContain("secret.csv");
  }

  @Test
  void an_error_of_the_viewer_is_passed_on_at_once_and_ends_no_right() throws Exception {
    assertThat(rig.get("/datasets/acme/images/resolve/main/a.png", NOBODY).status()).isEqualTo(200);
    Seen notReady = get("/parquet?dataset=acme/images", NOBODY);
    assertThat(notReady.status()).isEqualTo(500);
    assertThat(notReady.header("x-error-code")).hasValue("ResponseNotReady");
    assertThat(questions()).hasSize(1);
    assertThat(get("/parquet?dataset=acme/missing", BOB).status()).isEqualTo(404);
    rig.hub.goDark();
    assertThat(rig.get("/datasets/acme/images/resolve/main/a.png", NOBODY).status()).isEqualTo(200);
  }

  @Test
  void a_request_that_names_no_dataset_or_two_is_refused_and_not_passed_on() throws Exception {
    for (String target :
        List.of(
            "/parquet",
            "/parquet?dataset=acme/open&dataset=acme/secret",
            "/parquet?dataset=acme/open&datase%74=acme/secret",
            "/parquet?dataset=../open")) {
      assertThat(get(target, NOBODY).status()).as(target).isEqualTo(400);
    }
    for (String target : List.of("/", "/api/models", "/acme/open/resolve/main/a.csv?dataset=a")) {
      assertThat(get(target, NOBODY).status()).as(target).isEqualTo(404);
    }
    assertThat(ask("POST", OPEN, NOBODY).status()).isEqualTo(403);
    assertThat(questions()).isEmpty();
  }

  /** All clients of this network may read what is public; the mirror's token reads everything. */
  @Test
  void rules_decide_about_a_dataset_as_on_every_route() throws Exception {
    stop();
    Path token = Files.writeString(tmp.resolve("hub-token"), SERVICE);
    AccessRule open =
        new AccessRule(
            Optional.of(AddressRanges.of(List.of("127.0.0.0/8"))),
            List.of(),
            List.of(RepoPattern.parse("datasets/acme/*").orElseThrow()),
            false,
            false);
    start(s ->
        s.withSite(
            new SiteAccess(
                AccessMode.SERVICE,
                AccessRules.of(List.of(open)),
                Optional.of(token),
                Optional.empty(),
                Duration.ofMinutes(5),
                Duration.ofHours(1))));
    assertThat(get(OPEN, NOBODY).status()).isEqualTo(200);
    assertThat(get(OPEN, NOBODY).header("cache-status")).hasValue("intrahub; hit; ttl=60");
    assertThat(questions()).hasSize(1).allMatch(call -> call.authorization().isEmpty());

    assertThat(get(SECRET, ALICE).status()).isEqualTo(404);
    assertThat(get("/rows?dataset=other/some", NOBODY).status()).isEqualTo(403);
    assertThat(get(OPEN + "&dataset=acme/secret", NOBODY).status()).isEqualTo(400);
    assertThat(get("/unheard-of?dataset=acme/open", NOBODY).status()).isEqualTo(404);
    assertThat(questions()).hasSize(1);
  }

  @Test
  void without_a_viewer_the_answer_says_so() throws Exception {
    stop();
    start(s -> s.withUpstream(UpstreamSettings.to(s.upstream().endpoints())));
    Seen answer = get(OPEN, NOBODY);
    assertThat(answer.status()).isEqualTo(501);
    assertThat(answer.body()).contains("upstream.dataset-viewer");
  }

  /** As if the viewer's address was derived from that of an upstream which receives no tokens. */
  @Test
  void a_viewer_that_receives_no_tokens_is_not_asked_with_one_and_the_answer_says_why()
      throws Exception {
    stop();
    start(s -> {
      EndpointSettings viewer = s.upstream().viewer().orElseThrow();
      return s.withUpstream(
          s.upstream().withViewer(new EndpointSettings(viewer.address(), true, false)));
    });
    Seen refused = get(OPEN, ALICE);
    assertThat(refused.status()).isEqualTo(501);
    assertThat(refused.body()).contains("upstream.dataset-viewer").contains("#send-tokens");
    assertThat(questions()).isEmpty();
    assertThat(get(OPEN, NOBODY).status()).isEqualTo(200);
    assertThat(get(SECRET, ALICE).status()).isEqualTo(501);
    assertThat(questions()).hasSize(1);
  }
}
