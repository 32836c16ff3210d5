package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.AccessToken;
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
import io.intrahub.hostile.PermissionCell.Look;
import io.intrahub.hostile.PermissionCell.Right;
import io.intrahub.hostile.PermissionRoute.Source;
import io.intrahub.hostile.ServiceWalkModel.Opened;
import io.intrahub.hub.RepoPattern;
import io.intrahub.store.fs.tokens.TokenFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@link PermissionWalkTest} for the modes with rules: a random history of questions, local tokens
 * that are added and revoked, other rules after a restart, changes at the Hub, outages and leaps of
 * the clock. {@link ServiceWalkModel} judges every answer. A failure names the seed, which {@code
 * -Dintrahub.seed} repeats.
 */
class ServiceWalkTest {
  private static final String SERVICE = "hf_walkSite";

  /** A token to which the Hub would show everything, and that counts for nothing here. */
  private static final String OF_THE_HUB = "hf_walkAlice";

  /** Names of local tokens; and clients without one, or with one that does not count. */
  private static final List<String> ASKERS = List.of("ci", "lab", "ops", "nobody", "alice");

  private static final List<String> LOCAL = List.of("ci", "lab", "ops");

  private static final List<PermissionRoute> ROUTES =
      Arrays.stream(PermissionRoute.values())
          .filter(r -> r.source() != Source.OWN && r.sourceByRules() != Source.PASSED)
          .toList();

  private static final List<Duration> LEAPS =
      List.of(
          Duration.ofSeconds(14),
          Duration.ofSeconds(50),
          Duration.ofSeconds(100),
          Duration.ofMinutes(4),
          Duration.ofMinutes(6),
          Duration.ofMinutes(11),
          Duration.ofMinutes(70));

  /** A rule; an empty token stands for everybody. */
  private record Rule(String token, String repos, boolean gated, boolean closed) {
    AccessRule build() {
      return new AccessRule(
          Optional.empty(),
          token.isEmpty() ? List.of() : List.of(token),
          List.of(pattern(repos)),
          gated,
          closed);
    }

    Opened opens() {
      return closed ? Opened.PRIVATE : gated ? Opened.GATED : Opened.PUBLIC;
    }
  }

  /** None stands for {@code public-only}. */
  private static final List<List<Rule>> SITES =
      List.of(
          List.of(
              new Rule("ci", "acme/*", true, true),
              new Rule("lab", "acme/*", true, false),
              new Rule("", "acme/*", false, false)),
          List.of(
              new Rule("ci", "acme/walk1", true, true),
              new Rule("ops", "acme/walk2", true, true),
              new Rule("", "acme/*", true, false)),
          List.of(new Rule("lab", "acme/*", true, true), new Rule("ci", "acme/*", false, false)),
          List.of());

  /** A local token that is in the mirror's list. */
  private record Issued(String text, Optional<Instant> expires, String repos) {}

  @TempDir Path data;
  private Rig rig;
  private Random random = new Random(0);
  private ServiceWalkModel model = new ServiceWalkModel(Instant.EPOCH);
  private List<Rule> rules = SITES.getFirst();
  private final Map<String, Issued> issued = new HashMap<>();

  /** The last text of each local token, which a client goes on to send. */
  private final Map<String, String> texts = new HashMap<>();

  private final Map<String, String> commits = new TreeMap<>();

  /** What happened last, for a failure. */
  private final Deque<String> history = new ArrayDeque<>();

  @BeforeEach
  void start() {
    rig =
        new Rig(data, s -> s.withMirror(s.mirror().withColdQuestions(10_000_000)).withSite(site()));
    model = new ServiceWalkModel(rig.clock.instant());
    rig.hub.token(SERVICE, "site");
    rig.hub.token(OF_THE_HUB, "alice");
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private SiteAccess site() {
    boolean service = !rules.isEmpty();
    return new SiteAccess(
        service ? AccessMode.SERVICE : AccessMode.PUBLIC_ONLY,
        service
            ? AccessRules.of(rules.stream().map(Rule::build).toList())
            : AccessRules.publicOnly(),
        Optional.empty(),
        service ? AccessToken.of(SERVICE) : Optional.empty(),
        Duration.ofMinutes(5),
        Duration.ofHours(1));
  }

  private static RepoPattern pattern(String text) {
    return RepoPattern.parse(text).orElseThrow();
  }

  @Test
  void a_short_walk_by_the_rules_finds_no_leak_and_no_refusal_without_a_reason() throws Exception {
    walk(200);
  }

  @Tag("slow")
  @Test
  void a_long_walk_by_the_rules_finds_no_leak_and_no_refusal_without_a_reason() throws Exception {
    walk(Integer.getInteger("intrahub.walk.steps", 2_500));
  }

  private void walk(int steps) throws Exception {
    long seed = Long.getLong("intrahub.seed", 1);
    random = new Random(seed);
    for (int i = 0; i < 5; i++) {
      makeRepo("acme/walk" + i);
    }
    for (String name : LOCAL) {
      add(name);
    }
    leap(Duration.ofMinutes(2));
    for (int step = 0; step < steps; step++) {
      String problem = step();
      assertThat(problem)
          .as("seed %d, step %d, after%n  %s", seed, step, String.join("\n  ", history))
          .isEmpty();
    }
    assertThat(rig.hub.log())
        .allMatch(r -> r.authorization().filter(a -> !a.equals("Bearer " + SERVICE)).isEmpty());
  }

  private String step() throws Exception {
    int dice = random.nextInt(100);
    if (dice < 80) {
      return ask(any(ASKERS), any(ROUTES), any(List.copyOf(commits.keySet())));
    } else if (dice < 87) {
      leap(any(LEAPS));
      return "";
    }
    // No answer that is still on its way may be of the time before.
    awaitSilence();
    if (dice < 92) {
      change(any(List.copyOf(commits.keySet())));
    } else if (dice < 96) {
      String name = any(LOCAL);
      if (issued.containsKey(name) && random.nextBoolean()) {
        revoke(name);
      } else {
        add(name);
      }
    } else if (dice < 98) {
      setDark(!model.isDark());
    } else {
      rules = any(SITES);
      happened("restart with " + rules);
      rig.restart();
    }
    leap(Duration.ofSeconds(1));
    return "";
  }

  private String ask(String asker, PermissionRoute route, String repo) {
    Rig.Answer answer = send(asker, route, repo);
    if (isUnavailable(answer) && !model.isDark()) {
      // After an outage one request probes the Hub, and the others are refused until it has ended.
      awaitSilence();
      answer = send(asker, route, repo);
    }
    boolean hidden = answer.header("x-error-code").filter("RepoNotFound"::equals).isPresent();
    Right got =
        isUnavailable(answer)
            ? new Right.Unavailable()
            : answer.status() == route.success() && !hidden
                ? new Right.Served()
                : new Right.Refused(answer.status(), answer.header("x-error-code").orElse(""));
    happened("%s %s %s: %s".formatted(asker, route, repo, got));
    boolean bytes = got instanceof Right.Served && route.isContent() && answer.status() == 200;
    return bytes && !answer.text().contains(repo)
        ? "wrong bytes"
        : model.judge(repo, opened(asker, repo), !rules.isEmpty(), route.scope(), got);
  }

  private Rig.Answer send(String asker, PermissionRoute route, String repo) {
    String commit = commits.get(repo);
    Optional<String> token =
        asker.equals("alice") ? Optional.of(OF_THE_HUB) : Optional.ofNullable(texts.get(asker));
    return rig.send(rig.app().uri(), route.of(repo, commit, commit), token);
  }

  private static boolean isUnavailable(Rig.Answer answer) {
    return answer.status() == 503 || answer.status() == 504;
  }

  /** What the first rule about this client and repo opens. */
  private Opened opened(String asker, String repo) {
    if (rules.isEmpty()) {
      return Opened.PUBLIC;
    }
    boolean counts =
        Optional.ofNullable(issued.get(asker))
            .filter(t -> t.expires().filter(e -> !rig.clock.instant().isBefore(e)).isEmpty())
            .filter(t -> covers(t.repos(), repo))
            .isPresent();
    return rules.stream()
        .filter(r -> r.token().isEmpty() || (counts && r.token().equals(asker)))
        .filter(r -> covers(r.repos(), repo))
        .findFirst()
        .map(Rule::opens)
        .orElse(Opened.NOTHING);
  }

  private static boolean covers(String pattern, String repo) {
    return pattern.equals("acme/*") || pattern.equals(repo);
  }

  private void add(String name) throws Exception {
    String text = LocalToken.newText(random);
    Optional<Instant> expires =
        Optional.of(rig.clock.instant().plus(any(LEAPS))).filter(_ -> random.nextInt(4) == 0);
    String repos = random.nextInt(4) == 0 ? "acme/walk1" : "acme/*";
    LocalToken token =
        new LocalToken(
            name, TokenHash.of(text), rig.clock.instant(), expires, List.of(pattern(repos)));
    TokenFile.of(data).<RuntimeException>change(table -> table.without(name).with(token));
    issued.put(name, new Issued(text, expires, repos));
    texts.put(name, text);
    happened("token %s for %s until %s".formatted(name, repos, expires));
  }

  private void revoke(String name) throws Exception {
    TokenFile.of(data).<RuntimeException>change(table -> table.without(name));
    issued.remove(name);
    happened("token " + name + " is revoked");
  }

  private void makeRepo(String id) {
    byte[] weights = ("WEIGHTS of " + id + " ").repeat(100).getBytes(StandardCharsets.UTF_8);
    commits.put(
        id,
        rig.hub
            .repo("model", id)
            .commit(
                "Add it",
                Map.of(
                    "config.json", DevFile.text("{\"what\":\"" + id + "\"}"),
                    "README.md", DevFile.text("about " + id),
                    "model.bin", DevFile.lfs(weights))));
    change(id);
  }

  /** Another look, which the mirror's own account may see or not. */
  private void change(String id) {
    Look look = any(List.of(Look.PUBLIC, Look.PRIVATE, Look.PRIVATE, Look.GATED, Look.DISABLED));
    boolean account = random.nextInt(3) > 0;
    DevRepo repo = rig.hub.repo("model", id).allow(OF_THE_HUB);
    if (account) {
      repo.allow(SERVICE);
    } else {
      repo.disallow(SERVICE);
    }
    repo.disabled(look == Look.DISABLED)
        .visibility(
            switch (look) {
              case PRIVATE -> Visibility.PRIVATE;
              case GATED -> Visibility.GATED;
              default -> Visibility.PUBLIC;
            });
    model.repo(id, look, account);
    happened(id + " is " + look + (account ? " for the account" : ""));
  }

  private void setDark(boolean dark) {
    if (dark) {
      rig.hub.goDark();
    } else {
      rig.hub.comeBack();
    }
    model.dark(dark);
    happened(dark ? "dark" : "light");
  }

  private void leap(Duration time) {
    rig.clock.pass(time);
    model.now(rig.clock.instant());
    happened("+" + time);
  }

  private void awaitSilence() {
    rig.settle();
    await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .until(() -> rig.hub.log().stream().allMatch(Recorded::done));
  }

  private void happened(String what) {
    history.add(what);
    if (history.size() > 60) {
      history.remove();
    }
  }

  private <T> T any(List<T> all) {
    return all.get(random.nextInt(all.size()));
  }
}
