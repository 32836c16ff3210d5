package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.Recorded;
import io.intrahub.hostile.PermissionCell.Asker;
import io.intrahub.hostile.PermissionCell.Kind;
import io.intrahub.hostile.PermissionCell.Look;
import io.intrahub.hostile.PermissionCell.Mode;
import io.intrahub.hostile.PermissionCell.Right;
import io.intrahub.hostile.PermissionCell.State;
import io.intrahub.hostile.PermissionRoute.Scope;
import io.intrahub.hostile.PermissionRoute.Source;
import io.intrahub.hostile.PermissionWorld.Repo;
import io.intrahub.hub.HubTarget;
import io.intrahub.hub.HubTargetParser;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Who is told what: each route asked about each kind of repo, by each kind of client, in each state
 * of the mirror. {@link PermissionOracle} says what is right; where the Hub can be asked, its own
 * refusals confirm the oracle.
 *
 * <p>{@code -Dintrahub.matrix=1} asks about every cell; {@code -Dintrahub.seed=} changes which ones
 * a part of the matrix has.
 */
class PermissionMatrixTest {
  /** How much of the matrix is asked about in the states in which not all of it is. */
  private static final double SHARE =
      Double.parseDouble(System.getProperty("intrahub.matrix", "0.3"));

  @TempDir Path data;
  private Rig rig;
  private PermissionWorld world;
  private Mode mode = Mode.PASSTHROUGH;
  private Random random = new Random(0);
  private final List<String> wrong = new ArrayList<>();
  private int asked;

  /** Who was refused by a route of the store, in this state of the mirror. */
  private final Set<String> heardRefusal = new HashSet<>();

  private void start(Mode now) throws Exception {
    mode = now;
    rig = PermissionSite.start(data, mode);
    world = new PermissionWorld(rig, mode);
  }

  @AfterEach
  void stop() {
    if (rig != null) {
      rig.close();
    }
  }

  @Test
  void every_route_has_a_row_and_each_row_is_of_its_route() {
    Set<Class<?>> rows =
        Arrays.stream(PermissionRoute.values())
            .map(PermissionRoute::target)
            .collect(Collectors.toSet());
    assertThat(rows).containsExactlyInAnyOrder(HubTarget.class.getPermittedSubclasses());
    String commit = "0123456789".repeat(4);
    for (PermissionRoute route : PermissionRoute.values()) {
      String path = route.of("model", "acme/some", commit, commit).target().split("\\?", 2)[0];
      assertThat(HubTargetParser.parse(path))
          .as(path)
          .isInstanceOfSatisfying(
              HubTargetParser.Target.class,
              parsed -> assertThat(parsed.target()).isInstanceOf(route.target()));
    }
  }

  /** A part of the matrix in every fast run; {@code -Dintrahub.seed} changes which cells it has. */
  @ParameterizedTest
  @EnumSource
  @Tag("slow")
  void a_sample_of_the_matrix_is_answered_rightly(Mode now) throws Exception {
    start(now);
    check(
        List.of(
            State.COLD,
            State.WARM,
            State.CLOSED,
            State.REVOKED,
            State.DARK_IN_GRACE,
            State.REVOKED_THEN_DARK),
        List.of(Kind.PUBLIC, Kind.PRIVATE, Kind.GATED_AUTO),
        0.1);
  }

  @Tag("slow")
  @ParameterizedTest
  @EnumSource
  void the_matrix_is_answered_rightly(Mode now) throws Exception {
    start(now);
    // Who is who differs in the modes with rules; what happens to grants is the same in all.
    boolean whole = mode == Mode.PASSTHROUGH || mode == Mode.SERVICE_OFFLINE;
    double share = whole ? SHARE : SHARE / 4;
    check(List.of(State.values()), List.of(Kind.values()), share);
    System.out.printf(
        "PermissionMatrixTest: %d cells in mode %s; more with -Dintrahub.matrix=1%n", asked, mode);
    assertThat(asked).isGreaterThan(mode == Mode.PASSTHROUGH ? 5_000 : 2_000);
  }

  private void check(List<State> states, List<Kind> kinds, double share) throws Exception {
    long seed = Long.getLong("intrahub.seed", 1);
    random = new Random(seed);
    for (State state : states) {
      if (mode == Mode.SERVICE_OFFLINE && !state.dark()) {
        continue;
      }
      heardRefusal.clear();
      world.register(state);
      if (state == State.COLD) {
        checkCold(kinds, share);
      } else {
        checkState(state, kinds, share);
      }
    }
    assertThat(String.join("", wrong)).as("seed %d: wrong of %d cells", seed, asked).isEmpty();
  }

  /** Each cell has a repo of its own, of which the mirror knows nothing. */
  private void checkCold(List<Kind> kinds, double share) {
    world.expire(State.COLD);
    for (PermissionCell cell : cells(State.COLD, kinds, share)) {
      boolean own = cell.source() == Source.KEPT || cell.source() == Source.ASKED;
      String suffix = own ? "-" + cell.asker() + "-" + cell.route() : "";
      check(cell, world.make(cell.kind(), State.COLD, suffix));
    }
  }

  private void checkState(State state, List<Kind> kinds, double share) throws Exception {
    Map<Kind, Repo> repos = new EnumMap<>(Kind.class);
    for (Kind kind : kinds) {
      repos.put(kind, world.make(kind, state, ""));
    }
    load(state, repos);
    world.expire(state);
    repos.values().forEach(world::change);
    enter(state, repos);
    for (PermissionCell cell : cells(state, kinds, share)) {
      check(cell, repos.get(cell.kind()));
    }
    if (mode == Mode.SERVICE_OFFLINE) {
      rig.restart();
    } else if (state.dark()) {
      rig.hub.comeBack();
      // Until the circuit breaker tries again.
      rig.clock.pass(Duration.ofMinutes(2));
      await().until(() -> rig.get("/api/models?search=none", Optional.empty()).status() == 200);
    }
  }

  private List<PermissionCell> cells(State state, List<Kind> kinds, double share) {
    List<PermissionCell> cells = new ArrayList<>();
    // Each route, kind of repo and client at least here.
    boolean all = kinds.size() == Kind.values().length && state == State.WARM;
    for (Kind kind : kinds) {
      for (Asker asker : mode.askers()) {
        for (PermissionRoute route : PermissionRoute.values()) {
          // What the mirror says by itself is the same of all repos that there are, or are not.
          boolean differs =
              route.source() != Source.OWN || kind.ordinal() <= Kind.PRIVATE.ordinal();
          if (differs && (all || random.nextDouble() < share)) {
            cells.add(new PermissionCell(mode, kind, state, asker, route));
          }
        }
      }
    }
    Collections.shuffle(cells, random);
    return cells;
  }

  /** Everybody tries, and one who may loads everything that is kept. */
  private void load(State state, Map<Kind, Repo> repos) {
    for (Kind kind : repos.keySet()) {
      for (Asker asker : mode.askers()) {
        for (PermissionRoute route : PermissionRoute.values()) {
          boolean some =
              switch (route) {
                case GET, GET_LFS, INFO, TREE -> !asker.isMalformed();
                default ->
                    (asker == Asker.MAY || asker == Asker.LOCAL) && route.source() == Source.KEPT;
              };
          if (some) {
            world.ask(new PermissionCell(mode, kind, state, asker, route), repos.get(kind));
          }
        }
      }
    }
    // What is learned behind their backs is known before anything changes.
    rig.settle();
  }

  private void enter(State state, Map<Kind, Repo> repos) throws Exception {
    if (state.heard()) {
      rig.clock.pass(Duration.ofMinutes(16));
      load(state, repos);
      rig.clock.pass(Duration.ofMinutes(2));
      goDark();
      return;
    }
    switch (state) {
      case DARK_IN_GRACE, DARK_RESTARTED -> rig.clock.pass(Duration.ofMinutes(30));
      case DARK_AFTER_GRACE -> rig.clock.pass(Duration.ofMinutes(61));
      default -> {
        if (!state.lately()) {
          // Longer than any grant or denial lives.
          rig.clock.pass(Duration.ofMinutes(16));
        }
      }
    }
    if (state.dark()) {
      goDark();
    }
    if (mode != Mode.SERVICE_OFFLINE
        && (state == State.RESTARTED || state == State.DARK_RESTARTED)) {
      rig.restart();
    }
  }

  private void goDark() throws Exception {
    if (mode == Mode.SERVICE_OFFLINE) {
      rig.restartOffline();
    } else {
      rig.hub.goDark();
    }
  }

  private void check(PermissionCell cell, Repo repo) {
    asked++;
    int before = mode.hasRules() ? rig.hub.log().size() : 0;
    Rig.Answer got = world.ask(cell, repo);
    if (mode.hasRules()) {
      checkCalls(cell, got, rig.hub.log(), before);
    }
    Set<Right> rights = PermissionOracle.answers(cell);
    Optional<Right> right =
        rights.stream().filter(r -> PermissionAnswers.areRight(r, cell, repo, got)).findAny();
    if (right.isEmpty()) {
      note(cell, got, "right is " + rights);
    } else if (cell.state().lately()) {
      checkRefusalLasts(cell, right.get(), got);
    }
    boolean served = right.filter(r -> r instanceof Right.Served).isPresent();
    PermissionAnswers.problems(cell, repo, got, served).forEach(p -> note(cell, got, p));
    boolean certain = rights.size() == 1 && !cell.state().dark();
    if (certain && right.isPresent() && right.get() instanceof Right.Refused refused) {
      checkOracle(cell, repo, got, refused);
    }
  }

  /** With rules, the Hub sees the mirror's own token or none; offline it sees nothing. */
  private void checkCalls(PermissionCell cell, Rig.Answer got, List<Recorded> log, int before) {
    List<Recorded> calls = log.subList(before, log.size());
    List<String> stray = PermissionSite.strayTokens(mode, calls);
    if (!stray.isEmpty()) {
      note(cell, got, "the Hub was sent another token: " + stray);
    }
    if (cell.isOffline() && !calls.isEmpty()) {
      note(cell, got, "the Hub was asked: " + calls);
    }
  }

  /**
   * Once the Hub has told somebody "no" through the mirror, the mirror must not say "yes" under an
   * older grant of theirs. With rules, a call that was passed on ends no grant, because it is that
   * of all clients and one of them chose the call. A bare 403 of a call that was passed on may be
   * about the call alone.
   */
  private void checkRefusalLasts(PermissionCell cell, Right right, Rig.Answer got) {
    boolean passed = cell.route().source() == Source.PASSED;
    String who = cell.kind() + " " + cell.asker() + " ";
    if (right instanceof Right.Refused(var status, var code)) {
      boolean everybody =
          PermissionAnswers.isOpenToAll(cell, cell.before()) && cell.asker() != Asker.ANONYMOUS;
      boolean ofRepo = cell.route().scope() != Scope.NONE;
      if (passed
          && (mode.hasRules() || everybody || !ofRepo || (status == 403 && code.isEmpty()))) {
        return;
      }
      heardRefusal.add(who + Scope.CONTENT);
      // What everybody saw of a gated repo is not what their own token showed them.
      boolean everybodys = cell.before().look() == Look.GATED && cell.asker() != Asker.ANONYMOUS;
      if (!code.equals("GatedRepo") && !everybodys) {
        heardRefusal.add(who + Scope.METADATA);
      }
    } else if (!passed
        && heardRefusal.contains(who + cell.route().scope())
        && !PermissionAnswers.isOpenToAll(cell, cell.after())
        && PermissionOracle.hub(cell.route(), cell.after(), cell.reader())
            instanceof Right.Refused) {
      note(cell, got, "refused before");
    }
  }

  /** The Hub must say the same to the same client, in the same words. */
  private void checkOracle(PermissionCell cell, Repo repo, Rig.Answer got, Right.Refused refused) {
    if (cell.asker() == Asker.MALFORMED || mode.hasRules()) {
      // The mirror's own answer. It does not guess what the Hub makes of a malformed header.
      return;
    }
    Rig.Answer hub = world.askHub(cell, repo);
    if (hub.status() / 100 == 3) {
      return;
    }
    if (hub.status() != refused.status()) {
      note(cell, hub, "the Hub itself says something else than the oracle");
    } else if (!hub.header("x-error-message").equals(got.header("x-error-message"))) {
      note(cell, got, "the Hub's message is " + hub.header("x-error-message"));
    }
  }

  private void note(PermissionCell cell, Rig.Answer got, String problem) {
    Map<String, List<String>> headers = new TreeMap<>(got.headers().map());
    headers.keySet().removeIf(h -> !h.startsWith("x-") && !h.startsWith("cache"));
    String text = got.text();
    wrong.add(
        "%s %s %s %s %s: %s; got %d %s %s%n"
            .formatted(
                cell.mode(),
                cell.state(),
                cell.kind(),
                cell.asker(),
                cell.route(),
                problem,
                got.status(),
                headers,
                text.substring(0, Math.min(120, text.length()))));
  }

  /** Whether something is there must not show in how a refusal looks. */
  @ParameterizedTest
  @EnumSource(names = "SERVICE_OFFLINE", mode = EnumSource.Mode.EXCLUDE)
  @Tag("slow")
  void a_repo_that_is_hidden_looks_like_one_that_is_not_there(Mode now) throws Exception {
    start(now);
    State state = State.WARM;
    world.register(state);
    Map<Kind, Repo> repos = new EnumMap<>(Kind.class);
    for (Kind kind : List.of(Kind.PRIVATE, Kind.MISSING)) {
      repos.put(kind, world.make(kind, state, ""));
    }
    load(state, repos);
    for (int round = 0; round < 3; round++) {
      for (Asker asker : mode.askers()) {
        boolean sees =
            PermissionCell.ALLOWED.contains(asker)
                && (mode != Mode.PUBLIC_ONLY || asker != Asker.LOCAL);
        for (PermissionRoute route : sees ? new PermissionRoute[0] : PermissionRoute.values()) {
          assertThat(look(Kind.PRIVATE, asker, route, repos))
              .as("%s %s, round %d", asker, route, round)
              .isEqualTo(look(Kind.MISSING, asker, route, repos));
        }
      }
      rig.clock.pass(Duration.ofSeconds(16));
    }
  }

  /** All that can be seen of an answer, but for what differs each time. */
  private String look(Kind kind, Asker asker, PermissionRoute route, Map<Kind, Repo> repos) {
    Repo repo = repos.get(kind);
    // The same commit, which a client made up.
    PermissionCell cell = new PermissionCell(mode, kind, State.WARM, asker, route);
    Rig.Answer answer =
        rig.send(
            rig.app().uri(),
            route.of(repo.type, repo.asked, "1".repeat(40), "1".repeat(40)),
            PermissionWorld.token(cell.asker(), cell.state()));
    Map<String, List<String>> headers = new TreeMap<>(answer.headers().map());
    headers.remove("date");
    headers.remove("x-request-id");
    return (answer.status() + " " + headers + " " + answer.text())
        .replace(repo.asked, "X")
        .replace("content-length=[" + answer.body().length + "]", "");
  }
}
