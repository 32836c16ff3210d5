package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Visibility;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/**
 * Who is told what: every kind of repo, client and state of the mirror on every route. What is
 * right comes from the Hub itself, asked directly by the same client.
 */
class PermissionMatrixTest {
  private static final String ALICE = "hf_CANARYaliceMayRead";
  private static final String BOB = "hf_CANARYbobMayNot";
  private static final String NOBODY = "hf_CANARYunknownToTheHub";
  private static final int BLOB = 40_000;

  /** Kinds of repos. */
  enum Kind {
    PUBLIC,
    PRIVATE,
    GATED,
    MISSING;

    boolean mayBeKept() {
      return this == PUBLIC;
    }
  }

  /** Who asks. */
  enum Asker {
    ALICE_MAY(Optional.of(ALICE)),
    BOB_MAY_NOT(Optional.of(BOB)),
    ANONYMOUS(Optional.empty()),
    BAD_TOKEN(Optional.of(NOBODY));

    private final Optional<String> token;

    Asker(Optional<String> token) {
      this.token = token;
    }
  }

  /** Every route; {@code kept} says whether the mirror answers it by itself once it knows. */
  enum Route {
    HEAD("HEAD", "/%s/resolve/main/config.json", "", true),
    GET("GET", "/%s/resolve/main/config.json", "", true),
    GET_LFS("GET", "/%s/resolve/main/model.bin", "", true),
    RANGE("GET", "/%s/resolve/main/model.bin", "bytes=7-19", true),
    RANGE_TO_END("GET", "/%s/resolve/main/model.bin", "bytes=39000-", true),
    BY_COMMIT("GET", "/%s/resolve/@/model.bin", "", true),
    RESOLVE_CACHE("GET", "/api/resolve-cache/models/%s/@/config.json", "", true),
    NO_SUCH_FILE("GET", "/%s/resolve/main/nothing.txt", "", true),
    NO_SUCH_REVISION("GET", "/%s/resolve/nothing/config.json", "", true),
    INFO("GET", "/api/models/%s", "", true),
    REVISION("GET", "/api/models/%s/revision/main", "", true),
    INFO_WITH_BLOBS("GET", "/api/models/%s?blobs=true", "", true),
    TREE("GET", "/api/models/%s/tree/main?recursive=true", "", true),
    PATHS_INFO("POST", "/api/models/%s/paths-info/main", "", true),
    RAW("GET", "/%s/raw/main/config.json", "", false),
    REFS("GET", "/api/models/%s/refs", "", false),
    COMMITS("GET", "/api/models/%s/commits/main", "", false),
    AUTH_CHECK("GET", "/api/models/%s/auth-check", "", false);

    private final String method;
    private final String pattern;
    private final String range;
    private final boolean kept;

    Route(String method, String pattern, String range, boolean kept) {
      this.method = method;
      this.pattern = pattern;
      this.range = range;
      this.kept = kept;
    }

    Rig.Call of(String repo, String commit) {
      String body = method.equals("POST") ? "{\"paths\":[\"config.json\",\"model.bin\"]}" : "";
      return new Rig.Call(method, pattern.formatted(repo).replace("@", commit), range, body);
    }
  }

  /** One question. */
  private record Cell(Kind kind, Asker asker, Route route) {
    /** A repo of its own, so that this cell finds the mirror without any knowledge of it. */
    String ownRepo() {
      return repo(kind) + "-" + asker.ordinal() + "-" + route.ordinal();
    }
  }

  @TempDir Path data;
  private Rig rig;
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
  private final Map<String, String> commits = new TreeMap<>();
  private Level levelBefore = Level.WARN;

  @BeforeEach
  void start() throws Exception {
    Logger root = (Logger) LoggerFactory.getLogger("ROOT");
    levelBefore = root.getLevel();
    // As the product is shipped, with all else at its most talkative.
    ((Logger) LoggerFactory.getLogger("org.eclipse.jetty")).setLevel(Level.WARN);
    root.iteratorForAppenders().forEachRemaining(a -> a.addFilter(new OnlyWarnings()));
    root.setLevel(Level.TRACE);
    logged.start();
    root.addAppender(logged);
    // All clients have one address here, and the clock stands still.
    rig = new Rig(data, s -> s.withMirror(s.mirror().withColdQuestions(1_000_000)));
    rig.hub.token(ALICE, "alice");
    rig.hub.token(BOB, "bob");
  }

  /** Keeps the console quiet. */
  private static final class OnlyWarnings extends ch.qos.logback.core.filter.Filter<ILoggingEvent> {
    @Override
    public ch.qos.logback.core.spi.FilterReply decide(ILoggingEvent event) {
      return event.getLevel().isGreaterOrEqual(Level.WARN)
          ? ch.qos.logback.core.spi.FilterReply.NEUTRAL
          : ch.qos.logback.core.spi.FilterReply.DENY;
    }
  }

  @AfterEach
  void stop() {
    Logger root = (Logger) LoggerFactory.getLogger("ROOT");
    root.detachAppender(logged);
    root.iteratorForAppenders().forEachRemaining(a -> a.clearAllFilters());
    root.setLevel(levelBefore);
    ((Logger) LoggerFactory.getLogger("org.eclipse.jetty")).setLevel(null);
    rig.close();
  }

  private static String repo(Kind kind) {
    return "acme/" + kind.name().toLowerCase(Locale.ROOT) + "repo";
  }

  private void make(Kind kind, String id) {
    if (kind == Kind.MISSING) {
      commits.put(id, "0".repeat(40));
      return;
    }
    DevRepo repo =
        rig.hub.repo("model", id).visibility(Visibility.valueOf(kind.name())).allow(ALICE);
    String text = kind + "TEXT of " + id;
    byte[] weights =
        (kind + "WEIGHTS of " + id + " ").repeat(BLOB).getBytes(StandardCharsets.UTF_8);
    commits.put(
        id,
        repo.commit(
            "Add it",
            Map.of(
                "config.json", DevFile.text("{\"what\":\"" + text + "\"}"),
                "model.bin", DevFile.lfs(Arrays.copyOf(weights, BLOB)))));
  }

  private Rig.Answer ask(Cell cell, String repo) {
    Rig.Call call = cell.route().of(repo, commits.get(repo));
    return rig.send(rig.app().uri(), call, cell.asker().token);
  }

  /**
   * What the Hub says to this client. With one difference: to a token that is no good the mirror
   * gives what everybody may read, because a stale token must not spoil a hit.
   */
  private Rig.Answer oracle(Cell cell, String repo) {
    boolean tokenDoesNotMatter =
        (cell.kind().mayBeKept() && cell.route().kept) || isOpenMetadata(cell);
    Optional<String> token = tokenDoesNotMatter ? Optional.empty() : cell.asker().token;
    Rig.Call call = cell.route().of(repo, commits.get(repo));
    Rig.Answer answer = rig.send(rig.hub.uri(), call, token);
    for (int hop = 0; answer.status() / 100 == 3; hop++) {
      assertThat(hop).isLessThan(5);
      URI to = rig.hub.uri().resolve(answer.header("location").orElseThrow());
      Rig.Call next = new Rig.Call(call.method(), "", call.range(), "");
      answer = rig.send(to, next, token.filter(t -> to.getPort() == rig.hub.uri().getPort()));
    }
    return answer;
  }

  private static List<Cell> cells() {
    List<Cell> cells = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      for (Asker asker : Asker.values()) {
        for (Route route : Route.values()) {
          cells.add(new Cell(kind, asker, route));
        }
      }
    }
    return cells;
  }

  private void check(SoftAssertions softly, String state, Cell cell, String repo) {
    Rig.Answer right = oracle(cell, repo);
    Rig.Answer got = ask(cell, repo);
    String what = state + " " + cell;
    softly.assertThat(got.status()).as(what + ": " + got.text()).isEqualTo(right.status());
    checkForm(softly, what, cell, got);
    if (right.status() >= 400) {
      softly
          .assertThat(got.header("x-error-message"))
          .as(what + ": message")
          .isEqualTo(right.header("x-error-message"));
      // Over plain http the client's own rule for a bare 401 is dead, so the mirror adds the code.
      Optional<String> code = right.header("x-error-code").filter(c -> !c.isEmpty());
      boolean bare = code.isEmpty() && cell.asker() == Asker.ANONYMOUS && right.status() == 401;
      softly
          .assertThat(got.header("x-error-code"))
          .as(what + ": code")
          .isEqualTo(bare ? Optional.of("RepoNotFound") : code);
    } else if (isContent(cell.route())) {
      softly.assertThat(got.body()).as(what + ": body").isEqualTo(right.body());
    }
  }

  private static boolean isContent(Route route) {
    return !route.pattern.contains("/api/") || route == Route.RESOLVE_CACHE;
  }

  /** What holds for every answer. */
  private void checkForm(SoftAssertions softly, String what, Cell cell, Rig.Answer got) {
    softly.assertThat(got.header("x-request-id")).as(what).isPresent();
    softly.assertThat(got.status()).as(what).isNotEqualTo(500);
    boolean sees = cell.kind() == Kind.PUBLIC || cell.asker() == Asker.ALICE_MAY;
    if (got.status() >= 400) {
      softly
          .assertThat(got.headers().map().keySet())
          .as(what)
          .doesNotContain("age", "cache-status");
      // No cache on the way may tell the next client what this one heard.
      softly.assertThat(got.header("cache-control")).as(what).contains("private, no-store");
      softly.assertThat(got.headers().allValues("vary")).as(what).contains("Authorization");
      if (!sees) {
        softly
            .assertThat(got.headers().map().keySet())
            .as(what)
            .doesNotContain("etag", "x-repo-commit", "x-linked-size", "x-linked-etag");
      }
    }
    if (!sees) {
      softly
          .assertThat(got.text())
          .as(what)
          .doesNotContain(cell.kind() + "TEXT")
          .doesNotContain(cell.kind() + "WEIGHTS");
    }
    if (!cell.kind().mayBeKept() && !isOpenMetadata(cell) && got.status() < 400) {
      softly.assertThat(got.header("cache-control")).as(what).contains("private, no-store");
      softly.assertThat(got.headers().allValues("vary")).as(what).contains("Authorization");
    }
    softly
        .assertThat(got.headers().map().toString() + got.text())
        .as(what)
        .doesNotContain("CANARY");
  }

  /** What the Hub shows of a gated repo to everybody. */
  private static boolean isOpenMetadata(Cell cell) {
    return cell.kind() == Kind.GATED
        && switch (cell.route()) {
          case INFO, REVISION, INFO_WITH_BLOBS, TREE, PATHS_INFO -> true;
          default -> false;
        };
  }

  private void checkAll(String state, Runnable before) {
    SoftAssertions softly = new SoftAssertions();
    for (Cell cell : cells()) {
      before.run();
      check(softly, state, cell, repo(cell.kind()));
    }
    softly.assertAll();
  }

  private void checkTraces() throws Exception {
    assertThat(rig.tracesOnDisk(List.of("CANARY", "missingrepo"))).isEmpty();
    List<ILoggingEvent> events = List.copyOf(logged.list);
    assertThat(events)
        .extracting(e -> e.getLoggerName() + ": " + e.getFormattedMessage())
        .noneMatch(line -> line.contains("CANARY"));
    String metrics =
        rig.send(rig.app().adminUri(), new Rig.Call("GET", "/metrics", "", ""), Optional.empty())
            .text();
    assertThat(metrics).contains("intrahub").doesNotContain("CANARY").doesNotContain("acme");
  }

  private void loadEverything(Asker asker) {
    for (Kind kind : Kind.values()) {
      for (Route route : Route.values()) {
        ask(new Cell(kind, asker, route), repo(kind));
      }
    }
  }

  private void makeAll() {
    for (Kind kind : Kind.values()) {
      make(kind, repo(kind));
    }
  }

  @Test
  void a_mirror_that_knows_nothing_answers_as_the_hub_does() throws Exception {
    SoftAssertions softly = new SoftAssertions();
    for (Cell cell : cells()) {
      make(cell.kind(), cell.ownRepo());
      check(softly, "cold", cell, cell.ownRepo());
    }
    softly.assertAll();
    checkTraces();
  }

  @Test
  void what_alice_loaded_is_hers_alone() throws Exception {
    makeAll();
    loadEverything(Asker.ALICE_MAY);
    checkAll("after alice", () -> {});
    checkTraces();
  }

  @Tag("slow")
  @Test
  void who_tried_before_makes_no_difference() throws Exception {
    makeAll();
    for (Asker asker : Asker.values()) {
      loadEverything(asker);
    }
    checkAll("after everybody", () -> {});
    checkAll("everything expired", () -> rig.clock.pass(Duration.ofMinutes(61)));
    checkTraces();
    rig.restart();
    checkAll("restarted", () -> {});
    checkTraces();
  }

  @Test
  void while_upstream_is_down_only_what_was_public_is_there() throws Exception {
    makeAll();
    for (Asker asker : Asker.values()) {
      loadEverything(asker);
    }
    rig.clock.pass(Duration.ofMinutes(2));
    rig.hub.goDark();
    checkDown("down");
    rig.restart();
    checkDown("down and restarted");
    checkTraces();
  }

  private void checkDown(String state) {
    SoftAssertions softly = new SoftAssertions();
    for (Cell cell : cells()) {
      Rig.Answer got = ask(cell, repo(cell.kind()));
      String what = state + " " + cell + ": " + got.text();
      checkForm(softly, what, cell, got);
      boolean granted = cell.kind() != Kind.MISSING && cell.asker() == Asker.ALICE_MAY;
      if ((cell.kind() == Kind.PUBLIC || granted || isOpenMetadata(cell)) && cell.route().kept) {
        switch (cell.route()) {
          case NO_SUCH_FILE -> softly.assertThat(got.status()).as(what).isEqualTo(404);
          case NO_SUCH_REVISION -> softly.assertThat(got.status()).as(what).isIn(503, 504);
          default -> softly.assertThat(got.status()).as(what).isIn(200, 206);
        }
      } else {
        softly.assertThat(got.status()).as(what).isIn(503, 504);
      }
    }
    softly.assertAll();
  }

  /** Whether something is there must not show in how a refusal looks. */
  @Test
  void a_repo_that_is_hidden_looks_like_one_that_is_not_there() throws Exception {
    makeAll();
    loadEverything(Asker.ALICE_MAY);
    SoftAssertions softly = new SoftAssertions();
    for (int round = 0; round < 3; round++) {
      for (Asker asker : List.of(Asker.BOB_MAY_NOT, Asker.ANONYMOUS, Asker.BAD_TOKEN)) {
        for (Route route : Route.values()) {
          Rig.Answer hidden = ask(new Cell(Kind.PRIVATE, asker, route), repo(Kind.PRIVATE));
          Rig.Answer absent = ask(new Cell(Kind.MISSING, asker, route), repo(Kind.MISSING));
          String what = asker + " " + route + " round " + round;
          softly.assertThat(look(hidden)).as(what).isEqualTo(look(absent));
        }
      }
    }
    softly.assertAll();
  }

  /** All that can be seen of an answer, but for what differs each time. */
  private static String look(Rig.Answer answer) {
    Map<String, List<String>> headers = new TreeMap<>(answer.headers().map());
    headers.remove("date");
    headers.remove("x-request-id");
    return (answer.status() + " " + headers + " " + answer.text())
        .replace("privaterepo", "X")
        .replace("missingrepo", "X");
  }

  /** What may happen to a repo that was public. */
  enum Flip {
    TO_PRIVATE(Kind.PRIVATE),
    TO_GATED(Kind.GATED),
    DELETED(Kind.MISSING),
    RENAMED_AND_PRIVATE(Kind.PRIVATE);

    private final Kind kind;

    Flip(Kind kind) {
      this.kind = kind;
    }

    void happen(Rig rig, String id) {
      DevRepo repo = rig.hub.repo("model", id);
      switch (this) {
        case TO_PRIVATE -> repo.visibility(Visibility.PRIVATE);
        case TO_GATED -> repo.visibility(Visibility.GATED);
        case DELETED -> rig.hub.delete("model", id);
        case RENAMED_AND_PRIVATE -> {
          rig.hub.delete("model", id);
          // The Hub goes on to lead from the old name to the new one, for those who may see it.
          DevRepo renamed = rig.hub.repo("model", id + "-new").renamedFrom(id);
          renamed
              .visibility(Visibility.PRIVATE)
              .allow(ALICE)
              .commit("Add it", Map.of("config.json", DevFile.text("{}")));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void a_repo_that_is_public_no_more_is_no_longer_served(Flip flip) throws Exception {
    String id = "acme/flipped";
    make(Kind.PUBLIC, id);
    for (Asker asker : Asker.values()) {
      for (Route route : Route.values()) {
        ask(new Cell(Kind.PUBLIC, asker, route), id);
      }
    }
    flip.happen(rig, id);
    rig.clock.pass(Duration.ofMinutes(10).plusSeconds(1));
    SoftAssertions softly = new SoftAssertions();
    for (int round = 0; round < 2; round++) {
      for (Asker asker : Asker.values()) {
        for (Route route : Route.values()) {
          Cell cell = new Cell(flip.kind, asker, route);
          boolean otherFiles = flip == Flip.RENAMED_AND_PRIVATE && asker == Asker.ALICE_MAY;
          if (!otherFiles) {
            check(softly, flip + " round " + round, cell, id);
          }
        }
      }
    }
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(2));
    for (Asker asker : Asker.values()) {
      for (Route route : Route.values()) {
        Cell cell = new Cell(flip.kind, asker, route);
        Rig.Answer got = ask(cell, id);
        boolean granted =
            route.kept
                && flip != Flip.DELETED
                && flip != Flip.RENAMED_AND_PRIVATE
                && (isOpenMetadata(cell) || asker == Asker.ALICE_MAY)
                && route != Route.NO_SUCH_REVISION;
        String what = flip + " down " + asker + " " + route;
        if (granted) {
          softly.assertThat(got.status()).as(what).isNotIn(401, 403).isLessThan(500);
        } else {
          softly.assertThat(got.status()).as(what).isIn(503, 504);
        }
      }
    }
    softly.assertAll();
  }

  /** Hits must not keep a verdict alive: only upstream's word does. */
  @Test
  void steady_traffic_does_not_keep_a_repo_public() {
    String id = "acme/steady";
    make(Kind.PUBLIC, id);
    Cell byCommit = new Cell(Kind.PUBLIC, Asker.ANONYMOUS, Route.BY_COMMIT);
    assertThat(ask(byCommit, id).status()).isEqualTo(200);
    rig.hub.repo("model", id).visibility(Visibility.PRIVATE);
    Duration passed = Duration.ZERO;
    while (ask(byCommit, id).status() == 200) {
      rig.clock.pass(Duration.ofSeconds(30));
      passed = passed.plusSeconds(30);
      assertThat(passed).isLessThanOrEqualTo(Duration.ofMinutes(10));
    }
    assertThat(ask(byCommit, id).status()).isEqualTo(401);
  }

  @Test
  void a_repo_that_was_opened_is_served_soon() {
    String id = "acme/opened";
    make(Kind.PRIVATE, id);
    Cell get = new Cell(Kind.PUBLIC, Asker.ANONYMOUS, Route.GET);
    assertThat(ask(get, id).status()).isEqualTo(401);
    rig.hub.repo("model", id).visibility(Visibility.PUBLIC);
    rig.clock.pass(Duration.ofSeconds(61));
    assertThat(ask(get, id).status()).isEqualTo(200);
  }

  /** Info that is asked for in another form must not outlive the verdict it rests on. */
  @Test
  void info_that_says_that_a_repo_is_gated_now_closes_its_content() throws Exception {
    String id = "acme/gatedlater";
    make(Kind.PUBLIC, id);
    assertThat(ask(new Cell(Kind.PUBLIC, Asker.ANONYMOUS, Route.INFO), id).status()).isEqualTo(200);
    rig.hub.repo("model", id).visibility(Visibility.GATED).meta("secret", "\"GATEDMETA\"");
    Rig.Answer answer = ask(new Cell(Kind.GATED, Asker.ANONYMOUS, Route.INFO_WITH_BLOBS), id);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(ask(new Cell(Kind.GATED, Asker.ANONYMOUS, Route.GET), id).status()).isEqualTo(401);
  }

  /** Every query that is kept is a file; a client must not make as many as it likes. */
  @Test
  void a_query_of_no_client_leaves_nothing_on_disk() throws Exception {
    String id = "acme/asked";
    make(Kind.PUBLIC, id);
    for (String query :
        List.of(
            "token=hf_CANARYinTheQuery",
            "blobs=hf_CANARYinTheQuery",
            "expand=hf_CANARYinTheQuery",
            "expand[]=sha&x=hf_CANARYinTheQuery",
            "expand=" + "CANARY".repeat(300))) {
      Rig.Answer answer =
          rig.get("/api/models/" + id + "?" + query.replace("[]", "%5B%5D"), Optional.empty());
      assertThat(answer.status()).as(query).isIn(200, 400);
      assertThat(answer.header("cache-status").orElse("intrahub; fwd=bypass"))
          .as(query)
          .isEqualTo("intrahub; fwd=bypass");
    }
    checkTraces();
    String kept = "/api/models/" + id + "?expand=sha&expand=gated&blobs=true";
    assertThat(rig.get(kept, Optional.empty()).status()).isEqualTo(200);
    assertThat(rig.get(kept, Optional.empty()).header("cache-status").orElseThrow())
        .contains("hit");
  }
}
