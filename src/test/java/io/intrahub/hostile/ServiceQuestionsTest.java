package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.local.AccessMode;
import io.intrahub.access.local.AccessRule;
import io.intrahub.access.local.AccessRules;
import io.intrahub.access.local.LocalToken;
import io.intrahub.access.local.TokenHash;
import io.intrahub.cli.SiteAccess;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.RepoPattern;
import io.intrahub.store.fs.tokens.TokenFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What mode service asks the Hub, at whose expense, and what it says of repos that are closed. */
class ServiceQuestionsTest {
  private static final String SERVICE = "hf_serviceONE";
  private static final Optional<String> NOBODY = Optional.empty();
  private static final int COLD_QUESTIONS = 5;

  @TempDir Path tmp;
  private Rig rig;
  private Optional<String> ci = Optional.empty();

  /** The holder of the local token may read all of acme, and everybody what is not private. */
  @BeforeEach
  void start() throws Exception {
    Path secret = Files.writeString(tmp.resolve("hub-token"), SERVICE);
    SiteAccess site =
        new SiteAccess(
            AccessMode.SERVICE,
            AccessRules.of(List.of(rule(List.of("ci"), true), rule(List.of(), false))),
            Optional.of(secret),
            Optional.empty(),
            Duration.ofMinutes(5),
            Duration.ofHours(1));
    rig =
        new Rig(
            tmp.resolve("data"),
            s -> s.withSite(site).withMirror(s.mirror().withColdQuestions(COLD_QUESTIONS)));
    rig.hub.token(SERVICE, "site");
    make("acme/open", Visibility.PUBLIC);
    make("acme/closed", Visibility.PRIVATE);
    String text = LocalToken.newText(new Random(7));
    LocalToken token =
        new LocalToken("ci", TokenHash.of(text), rig.clock.instant(), Optional.empty(), List.of());
    TokenFile.of(rig.data()).<RuntimeException>change(table -> table.with(token));
    rig.clock.pass(Duration.ofSeconds(1));
    ci = Optional.of(text);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private static AccessRule rule(List<String> tokens, boolean allowsPrivate) {
    List<RepoPattern> repos = List.of(RepoPattern.parse("acme/*").orElseThrow());
    return new AccessRule(Optional.empty(), tokens, repos, true, allowsPrivate);
  }

  private DevRepo make(String id, Visibility visibility) {
    DevRepo repo = rig.hub.repo("model", id).visibility(visibility).allow(SERVICE);
    repo.commit("Add it", "config.json", DevFile.text("{}"));
    return repo;
  }

  /** All that a client sees of a refusal, without the name of the repo. */
  private String refusal(String target, String repo, Optional<String> client) {
    Rig.Answer answer = rig.get(target.formatted(repo), client);
    return (answer.status()
            + answer.header("x-error-code").orElse("")
            + answer.header("x-error-message").orElse("")
            + answer.header("x-repo-commit").orElse("")
            + answer.header("cache-status").orElse("")
            + answer.text())
        .replace(repo, "REPO");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/api/models/%s/discussions", "/api/models?search=%s"})
  void a_route_that_needs_no_token_is_asked_without_the_mirrors_own(String route) {
    rig.hub.expectUnknownRoutes();
    for (Optional<String> client : List.of(NOBODY, ci)) {
      assertThat(rig.get(route.formatted("acme/open"), client).status()).isEqualTo(200);
      assertThat(rig.get(route.formatted("acme/closed"), client).text())
          .doesNotContain("\"id\":\"acme/closed\"");
    }
    rig.hub.revoke(SERVICE);
    rig.clock.pass(Duration.ofSeconds(61));
    assertThat(rig.get(route.formatted("acme/open"), NOBODY).status()).isEqualTo(200);
    String path = route.formatted("acme/open").replaceAll("\\?.*", "");
    assertThat(rig.hub.log())
        .filteredOn(call -> call.path().equals(path))
        .hasSizeGreaterThanOrEqualTo(2)
        .allMatch(call -> call.authorization().isEmpty());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/models/%s/discussions",
        "/api/models/%s/discussions?p=1",
        "/api/models/%s/likers",
        "/api/models/%s/scan",
        "/api/models/%s/compare/main..dev"
      })
  void what_the_hub_says_about_a_repo_is_for_those_who_may_read_it(String route) {
    String absent = refusal(route, "acme/absent", NOBODY);
    assertThat(absent).startsWith("404RepoNotFound");
    assertThat(refusal(route, "acme/closed", NOBODY)).isEqualTo(absent);
    for (int n = 0; n < 2; n++) {
      Rig.Answer answer = rig.get(route.formatted("acme/closed"), ci);
      assertThat(answer.status()).as(answer.text()).isEqualTo(200);
      assertThat(answer.header("cache-control")).hasValue("private, no-store");
      assertThat(refusal(route, "acme/closed", NOBODY)).isEqualTo(absent);
    }
    String path = route.formatted("acme/closed").replaceAll("\\?.*", "");
    assertThat(rig.hub.log())
        .filteredOn(call -> call.path().equals(path) && call.status() == 200)
        .extracting(Recorded::authorization)
        .containsExactly(Optional.of("Bearer " + SERVICE));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/models/%s/revision/none",
        "/api/models/%s/tree/none",
        "/%s/resolve/none/config.json",
        "/%s/resolve/main/none.json",
        "/%s/raw/none/config.json",
        "/api/models/%s/auth-check",
      })
  void a_closed_repo_is_refused_before_its_revisions_and_files_are_spoken_of(String target) {
    String absent = refusal(target, "acme/absent", NOBODY);
    assertThat(absent).startsWith("404RepoNotFound");
    assertThat(refusal(target, "acme/closed", NOBODY)).isEqualTo(absent);

    // Those who may read it hear of the revision, and that changes nothing for the others.
    assertThat(rig.get("/api/models/acme/closed", ci).status()).isEqualTo(200);
    assertThat(refusal(target, "acme/closed", ci)).doesNotContain("RepoNotFound");
    assertThat(refusal(target, "acme/closed", NOBODY)).isEqualTo(absent);
  }

  @Test
  void a_gated_repo_that_was_made_private_is_refused_like_one_that_does_not_exist() {
    DevRepo repo = make("acme/gated", Visibility.GATED);
    String file = "/%s/resolve/main/config.json";
    assertThat(rig.get(file.formatted("acme/gated"), NOBODY).status()).isEqualTo(200);

    repo.visibility(Visibility.PRIVATE);
    rig.clock.pass(Duration.ofMinutes(11));

    String info = "/api/models/%s";
    assertThat(refusal(file, "acme/gated", NOBODY)).isEqualTo(refusal(file, "acme/none", NOBODY));
    assertThat(refusal(info, "acme/gated", NOBODY)).isEqualTo(refusal(info, "acme/none", NOBODY));
    assertThat(rig.get(file.formatted("acme/gated"), ci).status()).isEqualTo(200);
  }

  /** All clients use the mirror's own token, so a limit of that token would be one of all. */
  @Test
  void a_client_that_asks_too_much_is_charged_and_not_the_mirrors_own_token() throws Exception {
    String bearer = "Authorization: Bearer " + ci.orElseThrow();
    try (RawClient greedy = new RawClient(rig, "127.0.0.2");
        RawClient other = new RawClient(rig, "127.0.0.3")) {
      String last = "";
      for (int i = 0; i < 3 * COLD_QUESTIONS && !last.startsWith("HTTP/1.1 429 "); i++) {
        last = greedy.get("/api/models/acme/none" + i, bearer).head();
        greedy.body(Integer.parseInt(last.replaceAll("(?is).*content-length: (\\d+).*", "$1")));
      }
      assertThat(last).startsWith("HTTP/1.1 429 ").contains("clients.cold-questions");
      assertThat(rig.hub.log())
          .extracting(Recorded::authorization)
          .contains(Optional.of("Bearer " + SERVICE));

      assertThat(other.get("/api/models/acme/closed", bearer).head()).startsWith("HTTP/1.1 200 ");
    }
  }

  /** What the Hub answers with success takes from the same quota, which is that of all clients. */
  @Test
  void a_client_pays_for_calls_with_the_mirrors_own_token_that_succeed() {
    assertThat(rig.get("/api/models/acme/closed", ci).status()).isEqualTo(200);
    int before = rig.hub.log().size();
    int last = 200;
    for (int i = 0; i < 3 * COLD_QUESTIONS && last == 200; i++) {
      last = rig.get("/api/models/acme/closed/tree/main?expand=true&x=" + i, ci).status();
    }
    assertThat(last).isEqualTo(429);
    assertThat(rig.hub.log().size() - before).isBetween(1, COLD_QUESTIONS);
  }
}
