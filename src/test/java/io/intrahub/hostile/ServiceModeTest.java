package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.local.AccessMode;
import io.intrahub.access.local.AccessRule;
import io.intrahub.access.local.AccessRules;
import io.intrahub.access.local.LocalToken;
import io.intrahub.access.local.TokenHash;
import io.intrahub.base.AddressRanges;
import io.intrahub.cli.SiteAccess;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Visibility;
import io.intrahub.hub.RepoPattern;
import io.intrahub.store.fs.tokens.TokenFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whom the rules of mode service admit on each route, and what the Hub is asked with. */
class ServiceModeTest {
  private static final String SERVICE = "hf_serviceONE";
  private static final String NEXT_SERVICE = "hf_serviceTWO";

  /** A token of the Hub, whose holder may read everything there. */
  private static final Optional<String> ALICE = Optional.of("hf_aliceATHOME");

  private static final Optional<String> NOBODY = Optional.empty();

  /** How a route is asked, and whether its answer is more than metadata. */
  enum Route {
    RESOLVE("/%s/resolve/main/config.json", true, true),
    LARGE("/%s/resolve/main/model.bin", true, true),
    INFO("/api/models/%s", false, true),
    TREE("/api/models/%s/tree/main?recursive=true", false, true),
    AUTH_CHECK("/api/models/%s/auth-check", true, true),
    RAW("/%s/raw/main/config.json", true, false),
    REFS("/api/models/%s/refs", false, true);

    private final String path;
    private final boolean isContent;
    private final boolean isKept;

    Route(String path, boolean isContent, boolean isKept) {
      this.path = path;
      this.isContent = isContent;
      this.isKept = isKept;
    }

    String of(String repo) {
      return path.formatted(repo);
    }
  }

  @TempDir Path tmp;
  private final Random random = new Random(7);
  private Path secret;
  private Rig rig;
  private String ci;

  @BeforeEach
  void prepare() throws Exception {
    secret = Files.writeString(tmp.resolve("hub-token"), SERVICE);
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private void start(AccessMode mode, AccessRules rules) throws Exception {
    SiteAccess site =
        new SiteAccess(
            mode,
            rules,
            Optional.of(secret).filter(_ -> mode == AccessMode.SERVICE),
            Optional.empty(),
            Duration.ofMinutes(5),
            Duration.ofHours(1));
    rig = new Rig(tmp.resolve("data"), s -> s.withSite(site));
    rig.hub.token(SERVICE, "site");
    rig.hub.token(NEXT_SERVICE, "site");
    rig.hub.token(ALICE.get(), "alice");
    make("acme/open", Visibility.PUBLIC);
    make("acme/closed", Visibility.PRIVATE);
    make("acme/gated", Visibility.GATED);
    make("other/open", Visibility.PUBLIC);
    make("other/closed", Visibility.PRIVATE);
    ci = addToken("ci", Optional.empty());
  }

  private void startService() throws Exception {
    start(
        AccessMode.SERVICE,
        AccessRules.of(
            List.of(
                rule(Optional.empty(), List.of("ci", "short"), "acme/*", true),
                rule(
                    Optional.of(AddressRanges.of(List.of("127.0.0.0/8"))),
                    List.of(),
                    "acme/*",
                    false))));
  }

  private static AccessRule rule(
      Optional<AddressRanges> clients, List<String> tokens, String repos, boolean closed) {
    return new AccessRule(
        clients, tokens, List.of(RepoPattern.parse(repos).orElseThrow()), closed, closed);
  }

  private DevRepo make(String id, Visibility visibility) {
    DevRepo repo =
        rig.hub.repo("model", id).visibility(visibility).allow(SERVICE, NEXT_SERVICE, ALICE.get());
    repo.commit(
        "Add it",
        Map.of(
            "config.json", DevFile.text("{\"of\":\"" + id + "\"}"),
            "model.bin", DevFile.lfsGenerated(id.hashCode(), 20_000)));
    return repo;
  }

  /** Another mirror may be the client, and must not take that for the Hub's word. */
  @Test
  void a_check_of_access_that_is_answered_from_the_store_says_so() throws Exception {
    startService();
    String check = Route.AUTH_CHECK.of("acme/gated");
    Rig.Answer fresh = rig.get(check, Optional.of(ci));
    assertThat(fresh.status()).isEqualTo(200);
    assertThat(fresh.text()).isEqualTo("{}");
    assertThat(fresh.header("cache-status").orElse("")).doesNotContain("stale");
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(30));

    Rig.Answer kept = rig.get(check, Optional.of(ci));

    assertThat(kept.status()).isEqualTo(200);
    assertThat(kept.header("cache-status").orElse("")).contains("detail=stale");
  }

  /** As {@code intrahub token add} does, beside the running mirror. */
  private String addToken(String name, Optional<Duration> life) throws Exception {
    String text = LocalToken.newText(random);
    LocalToken token =
        new LocalToken(
            name,
            TokenHash.of(text),
            rig.clock.instant(),
            life.map(rig.clock.instant()::plus),
            List.of());
    TokenFile.of(rig.data()).<RuntimeException>change(table -> table.with(token));
    rig.clock.pass(Duration.ofSeconds(1));
    return text;
  }

  private Map<Route, String> ask(String repo, Optional<String> token) {
    Map<Route, String> answers = new LinkedHashMap<>();
    for (Route route : Route.values()) {
      Rig.Answer answer = rig.get(route.of(repo), token);
      answers.put(
          route, answer.status() + answer.header("X-Error-Code").map(c -> " " + c).orElse(""));
    }
    return answers;
  }

  private static void expect(Map<Route, String> answers, String content, String metadata) {
    answers.forEach((route, answer) ->
        assertThat(answer).as("%s", route).isEqualTo(route.isContent ? content : metadata));
  }

  /** How often the Hub was asked, with what goes on behind the client's back. */
  private int calls() {
    rig.settle();
    return rig.hub.log().size();
  }

  /** Fails if the Hub got any other token than these, or one outside its header. */
  private void expectSent(String... allowed) {
    List<String> bearers = Stream.of(allowed).map(token -> "Bearer " + token).toList();
    for (Recorded request : rig.hub.log()) {
      assertThat(request.authorization().stream()).as("%s", request).isSubsetOf(bearers);
      assertThat(request.headers() + request.target()).doesNotContain(ci, ALICE.get());
    }
  }

  @Test
  void each_route_shows_to_each_client_what_its_rule_allows_cold_and_warm() throws Exception {
    startService();
    for (int round = 0; round < 2; round++) {
      for (Optional<String> client : List.of(NOBODY, ALICE, Optional.of(ci), ALICE, NOBODY)) {
        boolean admitted = client.equals(Optional.of(ci));
        expect(ask("acme/open", client), "200", "200");
        expect(
            ask("acme/closed", client),
            admitted ? "200" : "404 RepoNotFound",
            admitted ? "200" : "404 RepoNotFound");
        expect(ask("acme/gated", client), admitted ? "200" : "403 GatedRepo", "200");
        expect(ask("acme/none", client), "404 RepoNotFound", "404 RepoNotFound");
      }
      rig.clock.pass(Duration.ofMinutes(6));
    }
    expectSent(SERVICE);
    assertThat(rig.hub.log()).anyMatch(r -> r.authorization().isPresent());
  }

  @Test
  void a_repo_that_no_rule_names_is_not_even_asked_about() throws Exception {
    startService();
    int before = calls();
    for (Optional<String> client : List.of(NOBODY, ALICE, Optional.of(ci))) {
      expect(ask("other/open", client), "403", "403");
      expect(ask("other/closed", client), "403", "403");
    }
    assertThat(calls()).isEqualTo(before);
  }

  @Test
  void an_outage_does_not_tell_which_private_repos_are_stored() throws Exception {
    startService();
    ask("acme/closed", Optional.of(ci));
    ask("acme/not-here", Optional.of(ci));
    for (Duration passed : List.of(Duration.ofSeconds(1), Duration.ofMinutes(2))) {
      rig.hub.goDark();
      rig.clock.pass(passed);
      for (Optional<String> client : List.of(NOBODY, ALICE)) {
        for (Route route : Route.values()) {
          Rig.Answer stored = rig.get(route.of("acme/closed"), client);
          Rig.Answer unknown = rig.get(route.of("acme/not-here"), client);
          assertThat(stored.status()).as("%s", route).isEqualTo(unknown.status());
          // How often the Hub was asked in vain differs from request to request.
          assertThat(stored.text().replaceAll("\\(.*\\)", ""))
              .as("%s", route)
              .isEqualTo(
                  unknown
                      .text()
                      .replaceAll("\\(.*\\)", "")
                      .replace("acme/not-here", "acme/closed"));
        }
      }
      assertThat(rig.get(Route.RESOLVE.of("acme/closed"), Optional.of(ci)).status()).isEqualTo(200);
    }
  }

  /** The mirror's account may read it under its new name, but no rule names that. */
  @Test
  void a_repo_that_gets_a_name_outside_the_rules_is_shown_no_longer() throws Exception {
    startService();
    ask("acme/closed", Optional.of(ci));
    rig.hub.delete("model", "acme/closed");
    DevRepo renamed =
        rig.hub
            .repo("model", "other/secret")
            .renamedFrom("acme/closed")
            .visibility(Visibility.PRIVATE)
            .allow(SERVICE);
    renamed.commit("Add it", Map.of("config.json", DevFile.text("{\"of\":\"secret\"}")));

    Rig.Answer passedOn = rig.get(Route.RAW.of("acme/closed"), Optional.of(ci));
    assertThat(passedOn.status()).isEqualTo(503);
    assertThat(passedOn.text())
        .contains("has another name at the Hub now")
        .doesNotContain("secret");
    rig.clock.pass(Duration.ofMinutes(16));
    for (Route route : Route.values()) {
      Rig.Answer answer = rig.get(route.of("acme/closed"), Optional.of(ci));
      assertThat(answer.status()).as("%s", route).isEqualTo(404);
      assertThat(answer.text()).doesNotContain("secret");
    }
  }

  @ParameterizedTest
  @EnumSource
  void what_is_kept_is_served_again_without_a_call(Route route) throws Exception {
    startService();
    for (String repo : List.of("acme/open", "acme/closed", "acme/gated")) {
      ask(repo, Optional.of(ci));
      ask(repo, Optional.of(ci));
    }
    for (String repo : List.of("acme/open", "acme/closed", "acme/gated")) {
      int before = calls();
      assertThat(rig.get(route.of(repo), Optional.of(ci)).status()).isEqualTo(200);
      assertThat(calls() - before).as(repo).isEqualTo(route.isKept ? 0 : 1);
    }
    expectSent(SERVICE);
  }

  @Test
  void the_mirror_itself_says_whose_a_token_is_and_answers_nothing_about_accounts()
      throws Exception {
    startService();
    int before = calls();
    Rig.Answer own = rig.get("/api/whoami-v2", Optional.of(ci));
    assertThat(own.status()).isEqualTo(200);
    assertThat(own.text()).contains("\"name\":\"ci\"").doesNotContain("site", ci);
    assertThat(rig.get("/api/whoami-v2", NOBODY).status()).isEqualTo(401);
    assertThat(rig.get("/api/whoami-v2", ALICE).status()).isEqualTo(401);
    for (String path :
        List.of("/api/settings/keys", "/api/notifications", "/api/models/acme/closed/settings")) {
      Rig.Answer answer = rig.get(path, Optional.of(ci));
      assertThat(answer.status()).as(path).isEqualTo(403);
      assertThat(answer.header("X-Error-Message").orElse("")).contains("an account of its own");
    }
    assertThat(calls()).isEqualTo(before);
  }

  @Test
  void only_those_to_whom_a_rule_opens_private_repos_hear_that_the_hub_disabled_one()
      throws Exception {
    startService();
    rig.hub.repo("model", "acme/open").disabled(true);
    rig.hub.repo("model", "acme/closed").disabled(true);
    for (String repo : List.of("acme/open", "acme/closed")) {
      expect(ask(repo, Optional.of(ci)), "403", "403");
      assertThat(rig.get(Route.RESOLVE.of(repo), Optional.of(ci)).header("X-Error-Message"))
          .hasValue("Access to this resource is disabled.");
      expect(ask(repo, NOBODY), "404 RepoNotFound", "404 RepoNotFound");
    }
  }

  @Test
  void a_missing_revision_of_a_gated_repo_is_told_from_a_missing_repo() throws Exception {
    RepoPattern repos = RepoPattern.parse("acme/*").orElseThrow();
    AccessRule gatedOnly =
        new AccessRule(Optional.empty(), List.of("ci"), List.of(repos), true, false);
    start(AccessMode.SERVICE, AccessRules.of(List.of(gatedOnly)));
    assertThat(noRevision("acme/gated")).isEqualTo("RevisionNotFound");
    assertThat(noRevision("acme/open")).isEqualTo("RevisionNotFound");
    assertThat(noRevision("acme/closed")).isEqualTo("RepoNotFound");
  }

  private String noRevision(String repo) {
    return rig.get("/" + repo + "/resolve/none/config.json", Optional.of(ci))
        .header("X-Error-Code")
        .orElse("");
  }

  @Test
  void a_token_counts_until_it_is_revoked_or_expires() throws Exception {
    startService();
    String target = Route.RESOLVE.of("acme/closed");
    assertThat(rig.get(target, Optional.of(ci)).status()).isEqualTo(200);
    TokenFile.of(rig.data()).<RuntimeException>change(table -> table.without("ci"));
    rig.clock.pass(Duration.ofSeconds(1));
    assertThat(rig.get(target, Optional.of(ci)).status()).isEqualTo(404);

    Optional<String> limited = Optional.of(addToken("short", Optional.of(Duration.ofMinutes(2))));
    assertThat(rig.get(target, limited).status()).isEqualTo(200);
    rig.clock.pass(Duration.ofMinutes(2));
    Rig.Answer late = rig.get(target, limited);
    assertThat(late.status()).isEqualTo(404);
    assertThat(late.header("X-Error-Message").orElse("")).contains("The local token short expired");
  }

  @Test
  void the_mirrors_own_token_is_read_again_when_its_file_changes() throws Exception {
    startService();
    ask("acme/closed", Optional.of(ci));
    rig.settle();
    rig.hub.revoke(SERVICE);
    rig.hub.repo("model", "acme/closed").disallow(SERVICE);
    Path next = Files.writeString(tmp.resolve("next"), NEXT_SERVICE);
    Files.move(next, secret, StandardCopyOption.ATOMIC_MOVE);
    rig.clock.pass(Duration.ofSeconds(1));
    int before = calls();
    expect(ask("acme/closed", Optional.of(ci)), "200", "200");
    expect(ask("acme/gated", Optional.of(ci)), "200", "200");
    int after = calls();
    assertThat(rig.hub.log().subList(before, after))
        .filteredOn(r -> r.authorization().isPresent())
        .isNotEmpty()
        .allMatch(r -> r.authorization().equals(Optional.of("Bearer " + NEXT_SERVICE)));
  }

  @Test
  void an_own_token_that_the_hub_refuses_is_the_operators_trouble_and_not_the_clients()
      throws Exception {
    startService();
    rig.hub.revoke(SERVICE);
    Rig.Answer closed = rig.get(Route.RESOLVE.of("acme/closed"), Optional.of(ci));
    assertThat(closed.status()).isEqualTo(503);
    assertThat(closed.text()).contains("access.service-token-file").doesNotContain(SERVICE);
    assertThat(rig.get(Route.RESOLVE.of("acme/open"), Optional.of(ci)).status()).isEqualTo(200);
  }

  @Test
  void public_only_sends_no_token_and_says_why_it_refuses() throws Exception {
    start(AccessMode.PUBLIC_ONLY, AccessRules.publicOnly());
    for (Optional<String> client : List.of(NOBODY, ALICE, Optional.of(ci))) {
      expect(ask("acme/open", client), "200", "200");
      expect(ask("acme/closed", client), "404 RepoNotFound", "404 RepoNotFound");
      expect(ask("acme/gated", client), "403 GatedRepo", "200");
      for (String repo : List.of("acme/closed", "acme/gated")) {
        Rig.Answer refused = rig.get(Route.RESOLVE.of(repo), client);
        assertThat(refused.header("X-Error-Message").orElse(""))
            .contains("serves public repositories only (access.mode: public-only)");
      }
    }
    expectSent();
  }
}
