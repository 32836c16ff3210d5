package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Visibility;
import io.intrahub.hostile.PermissionCell.Asker;
import io.intrahub.hostile.PermissionCell.Look;
import io.intrahub.hostile.PermissionCell.Right;
import io.intrahub.hostile.PermissionRoute.Source;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A random history of questions, changes of who may read, outages, restarts and leaps of the clock:
 * {@link PermissionModel} judges every answer. A failure names the seed, which {@code
 * -Dintrahub.seed} repeats.
 */
class PermissionWalkTest {
  private static final List<Asker> ASKERS =
      List.of(
          Asker.ANONYMOUS,
          Asker.MAY,
          Asker.MAY_NOT,
          Asker.SCOPE_INCLUDES,
          Asker.SCOPE_EXCLUDES,
          Asker.UNKNOWN);

  private static final List<Asker> TOKENS =
      List.of(Asker.MAY, Asker.MAY_NOT, Asker.SCOPE_INCLUDES, Asker.SCOPE_EXCLUDES);

  /**
   * Without what is about no repo: the Hub's last word about it serves, whatever became of a repo.
   */
  private static final List<PermissionRoute> ROUTES =
      Arrays.stream(PermissionRoute.values())
          .filter(r -> r.source() != Source.OWN)
          .filter(r -> r != PermissionRoute.SEARCH && r != PermissionRoute.PAPER)
          .toList();

  private static final List<Duration> LEAPS =
      List.of(
          Duration.ofSeconds(1),
          Duration.ofSeconds(14),
          Duration.ofSeconds(50),
          Duration.ofSeconds(100),
          Duration.ofMinutes(4),
          Duration.ofMinutes(6),
          Duration.ofMinutes(11),
          Duration.ofMinutes(35),
          Duration.ofMinutes(70));

  @TempDir Path data;
  private Rig rig;
  private Random random = new Random(0);
  private PermissionModel model = new PermissionModel(Instant.EPOCH);
  private final Map<String, String> commits = new TreeMap<>();

  /** Whether the mirror may not know yet that the Hub is back. */
  private boolean probing;

  /** What happened last, for a failure. */
  private final Deque<String> history = new ArrayDeque<>();

  @BeforeEach
  void start() {
    rig = new Rig(data, s -> s.withMirror(s.mirror().withColdQuestions(10_000_000)));
    model = new PermissionModel(rig.clock.instant());
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  @Test
  @Tag("slow")
  void a_short_walk_finds_no_leak_and_no_refusal_without_a_reason() {
    walk(400);
  }

  @Tag("slow")
  @Test
  void a_long_walk_finds_no_leak_and_no_refusal_without_a_reason() {
    walk(Integer.getInteger("intrahub.walk.steps", 3_000));
  }

  private void walk(int steps) {
    long seed = Long.getLong("intrahub.seed", 1);
    random = new Random(seed);
    TOKENS.forEach(a -> setToken(a, true));
    for (int i = 0; i < 6; i++) {
      makeRepo("acme/walk" + i);
    }
    leap(Duration.ofMinutes(2));
    for (int step = 0; step < steps; step++) {
      String problem = step();
      assertThat(problem)
          .as("seed %d, step %d, after%n  %s", seed, step, String.join("\n  ", history))
          .isEmpty();
    }
  }

  private String step() {
    int dice = random.nextInt(100);
    if (dice < 82) {
      return ask(any(ASKERS), any(ROUTES), any(List.copyOf(commits.keySet())));
    }
    if (dice < 89) {
      leap(any(LEAPS));
      return "";
    }
    // No answer that is still on its way may be of the time before.
    awaitSilence();
    if (dice < 94) {
      change(any(List.copyOf(commits.keySet())));
    } else if (dice < 96) {
      Asker asker = any(TOKENS);
      setToken(asker, model.facts(commits.keySet().iterator().next()).unknown().contains(asker));
    } else if (dice < 99) {
      setDark(!model.isDark());
    } else {
      happened("restart");
      rig.restart();
    }
    leap(Duration.ofSeconds(1));
    return "";
  }

  private String ask(Asker asker, PermissionRoute route, String repo) {
    String commit = commits.get(repo);
    Rig.Answer answer = rig.send(rig.app().uri(), route.of(repo, commit, commit), token(asker));
    if (probing && !model.isDark() && isUnavailable(answer)) {
      // After an outage one request probes the Hub, and the others are refused until it has ended.
      awaitSilence();
      answer = rig.send(rig.app().uri(), route.of(repo, commit, commit), token(asker));
      probing = isUnavailable(answer);
    }
    Right got =
        switch (answer.status()) {
          case 503, 504 -> new Right.Unavailable();
          default ->
              answer.status() == route.success() && !isRefusal(answer)
                  ? new Right.Served()
                  : new Right.Refused(answer.status(), answer.header("x-error-code").orElse(""));
        };
    happened("%s %s %s: %s".formatted(asker, route, repo, got));
    String problem = model.judge(repo, asker, route, got);
    boolean bytes = got instanceof Right.Served && route.isContent() && answer.status() == 200;
    return problem.isEmpty() && bytes && !answer.text().contains(repo) ? "wrong bytes" : problem;
  }

  private static boolean isUnavailable(Rig.Answer answer) {
    return answer.status() == 503 || answer.status() == 504;
  }

  private static boolean isRefusal(Rig.Answer answer) {
    return answer.header("x-error-code").filter("RepoNotFound"::equals).isPresent();
  }

  private void makeRepo(String id) {
    byte[] weights = ("WEIGHTS of " + id + " ").repeat(100).getBytes(StandardCharsets.UTF_8);
    String commit =
        rig.hub
            .repo("model", id)
            .commit(
                "Add it",
                Map.of(
                    "config.json", DevFile.text("{\"what\":\"" + id + "\"}"),
                    "README.md", DevFile.text("about " + id),
                    "model.bin", DevFile.lfs(weights)));
    commits.put(id, commit);
    change(id);
  }

  /** Another look, and others who may read. */
  private void change(String id) {
    Look look = any(List.of(Look.PUBLIC, Look.PRIVATE, Look.PRIVATE, Look.GATED, Look.DISABLED));
    Set<Asker> allowed = EnumSet.noneOf(Asker.class);
    TOKENS.stream().filter(_ -> random.nextBoolean()).forEach(allowed::add);
    DevRepo repo = rig.hub.repo("model", id);
    for (Asker asker : TOKENS) {
      String token = token(asker).orElseThrow();
      if (allowed.contains(asker)) {
        repo.allow(token);
      } else {
        repo.disallow(token);
      }
    }
    repo.disabled(look == Look.DISABLED)
        .visibility(
            switch (look) {
              case PRIVATE -> Visibility.PRIVATE;
              case GATED -> Visibility.GATED;
              default -> Visibility.PUBLIC;
            });
    model.repo(id, look, allowed);
    happened(id + " is " + look + " for " + allowed);
  }

  private void setToken(Asker asker, boolean known) {
    if (known) {
      rig.hub.token(token(asker).orElseThrow(), asker.name());
    } else {
      rig.hub.revoke(token(asker).orElseThrow());
    }
    model.token(asker, known);
    happened("token of " + asker + (known ? " is known" : " is revoked"));
  }

  private void setDark(boolean dark) {
    if (dark) {
      rig.hub.goDark();
    } else {
      rig.hub.comeBack();
    }
    model.dark(dark);
    probing = !dark;
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
    rig.hub.counters().reset();
  }

  private void happened(String what) {
    history.add(what);
    if (history.size() > 60) {
      history.remove();
    }
  }

  private static Optional<String> token(Asker asker) {
    return asker == Asker.ANONYMOUS ? Optional.empty() : Optional.of("hf_walk" + asker);
  }

  private <T> T any(List<T> all) {
    return all.get(random.nextInt(all.size()));
  }
}
