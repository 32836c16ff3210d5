package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Repos that get another name after they were stored: nothing is fetched again, nothing is lost.
 */
class RenamesTest {
  private static final Optional<String> NOBODY = Optional.empty();
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final Optional<String> BOB = Optional.of("hf_bob");
  private static final String OLD = "acme/old";
  private static final String NEW = "acme/new";

  /** The answer of the Hub for a branch counts for a minute. */
  private static final Duration BRANCH_IS_STALE = Duration.ofSeconds(61);

  /** Before the branch is, everybody's grant is renewed after half of its ten minutes. */
  private static final Duration GRANT_IS_DUE = Duration.ofMinutes(5).plusSeconds(1);

  @TempDir Path data;
  private Rig rig;
  private DevRepo repo;
  private boolean gated;

  @BeforeEach
  void start() {
    rig = new Rig(data);
    rig.hub.token(ALICE.get(), "alice");
    rig.hub.token(BOB.get(), "bob");
    repo = rig.hub.repo("model", OLD);
    repo.commit(
        "Add it",
        Map.of(
            ".gitattributes", DevFile.text("*.bin filter=lfs\n"),
            "config.json", DevFile.text("{\"of\":\"the repo\"}"),
            "model.bin", DevFile.lfsGenerated(5, 300_000)));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private List<String> targets(String name) {
    String commit = repo.commitOf("main").orElseThrow();
    return List.of(
        "/api/models/" + name + "/revision/main",
        "/" + name + "/resolve/main/config.json",
        "/" + name + "/resolve/main/model.bin",
        "/" + name + "/resolve/" + commit + "/.gitattributes",
        "/api/models/" + name + "/tree/main",
        "/api/models/" + name + "/refs");
  }

  private void load(String name, Optional<String> token) {
    for (String target : targets(name)) {
      Rig.Answer answer = rig.get(target, token);
      assertThat(answer.status()).as(() -> target + ": " + answer.text()).isEqualTo(200);
    }
    rig.settle();
  }

  /** Calls for files and for lists of files; of a gated repo, a file proves who may read it. */
  private List<String> fetches() {
    Set<Route> routes = EnumSet.of(Route.RESOLVE_CACHE, Route.CDN, Route.LFS_BATCH, Route.TREE);
    if (!gated) {
      routes.add(Route.RESOLVE);
    }
    return rig.hub.log().stream()
        .filter(call -> routes.contains(call.route()))
        .map(Recorded::target)
        .toList();
  }

  /** All but those for lists of refs, which the memory keeps under each name. */
  private List<String> calls() {
    return rig.hub.log().stream()
        .filter(call -> call.route() != Route.REFS)
        .map(Recorded::target)
        .toList();
  }

  private void loadsInAnOutage(Optional<String> token) {
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(2));
    load(OLD, token);
    load(NEW, token);
    rig.restart();
    load(NEW, token);
    load(OLD, token);
  }

  private void storeThenRename(Visibility visibility, Optional<String> token) {
    repo.visibility(visibility).allow(ALICE.get(), BOB.get());
    gated = visibility == Visibility.GATED;
    load(OLD, token);
    rig.hub.rename("model", OLD, NEW);
  }

  @ParameterizedTest
  @EnumSource(Visibility.class)
  void a_refresh_of_the_branch_learns_the_name_and_fetches_nothing_again(Visibility visibility) {
    Optional<String> token = visibility == Visibility.PUBLIC ? NOBODY : ALICE;
    storeThenRename(visibility, token);
    List<String> before = fetches();
    rig.clock.pass(BRANCH_IS_STALE);
    load(OLD, token);
    List<String> callsForOld = calls();
    load(OLD, token);
    assertThat(calls()).as("the name is learned").isEqualTo(callsForOld);
    load(NEW, token);
    assertThat(fetches()).isEqualTo(before);
    long calls = rig.hub.counters().requests();
    load(OLD, token);
    load(NEW, token);
    assertThat(rig.hub.counters().requests()).as("the branch is fresh").isEqualTo(calls);
    loadsInAnOutage(token);
  }

  @Test
  void a_load_in_progress_sees_one_commit() {
    load(OLD, NOBODY);
    String first = repo.commitOf("main").orElseThrow();
    rig.clock.pass(BRANCH_IS_STALE.minusSeconds(3));
    assertThat(commitOfFile()).isEqualTo(first);
    rig.hub.rename("model", OLD, NEW);
    repo.commit("Change it", "config.json", DevFile.text("{}"));
    for (int i = 0; i < 5; i++) {
      rig.clock.pass(Duration.ofSeconds(2));
      assertThat(commitOfFile()).isEqualTo(first);
      rig.settle();
    }
    rig.clock.pass(Duration.ofSeconds(6));
    assertThat(commitOfFile()).isEqualTo(repo.commitOf("main").orElseThrow());
  }

  private String commitOfFile() {
    return rig.get("/" + OLD + "/resolve/main/config.json", NOBODY)
        .header("X-Repo-Commit")
        .orElseThrow();
  }

  @Test
  void one_refresh_is_enough_for_both_names_in_an_outage() {
    storeThenRename(Visibility.PUBLIC, NOBODY);
    rig.clock.pass(BRANCH_IS_STALE);
    rig.get("/" + OLD + "/resolve/main/config.json", NOBODY);
    rig.settle();
    loadsInAnOutage(NOBODY);
  }

  /** What is asked for by its commit has no branch to refresh, so only the grant is renewed. */
  @ParameterizedTest
  @EnumSource(Visibility.class)
  void a_renewal_of_the_grant_is_enough_for_both_names_in_an_outage(Visibility visibility) {
    Optional<String> token = visibility == Visibility.PUBLIC ? NOBODY : ALICE;
    storeThenRename(visibility, token);
    List<String> before = fetches();
    rig.clock.pass(GRANT_IS_DUE);
    String byCommit =
        "/" + OLD + "/resolve/" + repo.commitOf("main").orElseThrow() + "/config.json";
    assertThat(rig.get(byCommit, token).status()).isEqualTo(200);
    rig.settle();
    assertThat(fetches()).isEqualTo(before);
    loadsInAnOutage(token);
  }

  @Test
  void what_was_stored_under_the_new_name_before_is_joined_with_the_rest() {
    storeThenRename(Visibility.PRIVATE, ALICE);
    assertThat(rig.get("/" + NEW + "/resolve/main/config.json", ALICE).status()).isEqualTo(200);
    rig.settle();
    long before = rig.hub.counters().requests(Route.CDN);
    rig.clock.pass(BRANCH_IS_STALE);
    load(OLD, ALICE);
    load(NEW, ALICE);
    assertThat(rig.hub.counters().requests(Route.CDN)).isEqualTo(before);
    loadsInAnOutage(ALICE);
  }

  /** The Hub let both read the repo, but it has told only one of them its new name. */
  @ParameterizedTest
  @EnumSource(
      value = Visibility.class,
      names = {"PRIVATE", "GATED"})
  void only_whom_the_hub_told_the_new_name_reads_under_it(Visibility visibility) {
    repo.visibility(visibility).allow(ALICE.get(), BOB.get());
    load(OLD, BOB);
    storeThenRename(visibility, ALICE);
    rig.clock.pass(BRANCH_IS_STALE);
    load(OLD, ALICE);
    load(NEW, ALICE);
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(2));
    load(NEW, ALICE);
    load(OLD, BOB);
    String file = "/resolve/main/config.json";
    assertThat(rig.get("/" + NEW + file, BOB).status()).isEqualTo(504);
    assertThat(rig.get("/" + NEW + file, NOBODY).status()).isNotEqualTo(200);
    assertThat(rig.get("/" + OLD + file, NOBODY).status()).isNotEqualTo(200);
  }

  @Test
  void a_new_repo_under_the_old_name_is_another_one_in_an_outage_too() {
    storeThenRename(Visibility.PUBLIC, NOBODY);
    rig.clock.pass(BRANCH_IS_STALE);
    load(OLD, NOBODY);
    DevRepo other = rig.hub.repo("model", OLD);
    other.commit("Add another", "config.json", DevFile.text("{\"of\":\"another\"}"));
    String file = "/resolve/main/config.json";
    rig.clock.pass(Duration.ofMinutes(61));
    rig.get("/" + OLD + file, NOBODY);
    rig.settle();
    assertThat(rig.get("/" + OLD + file, NOBODY).text()).contains("another");
    assertThat(rig.get("/" + OLD + "/resolve/main/model.bin", NOBODY).status()).isEqualTo(404);
    load(NEW, NOBODY);
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(2));
    assertThat(rig.get("/" + OLD + file, NOBODY).text()).contains("another");
    load(NEW, NOBODY);
    rig.restart();
    assertThat(rig.get("/" + OLD + file, NOBODY).text()).contains("another");
    assertThat(rig.get("/" + OLD + "/resolve/main/model.bin", NOBODY).status()).isNotEqualTo(200);
    load(NEW, NOBODY);
  }

  @Test
  void a_repo_that_gets_a_third_name_or_its_first_one_back_is_not_fetched_again() {
    storeThenRename(Visibility.PRIVATE, ALICE);
    List<String> before = fetches();
    rig.clock.pass(BRANCH_IS_STALE);
    load(OLD, ALICE);
    rig.hub.rename("model", NEW, "acme/third");
    rig.clock.pass(BRANCH_IS_STALE);
    load(OLD, ALICE);
    load("acme/third", ALICE);
    long calls = rig.hub.counters().requests();
    load(OLD, ALICE);
    load(NEW, ALICE);
    assertThat(rig.hub.counters().requests()).isEqualTo(calls);
    rig.hub.rename("model", "acme/third", OLD);
    rig.clock.pass(BRANCH_IS_STALE);
    load("acme/third", ALICE);
    load(OLD, ALICE);
    assertThat(fetches()).isEqualTo(before);
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(2));
    for (String name : List.of(OLD, NEW, "acme/third")) {
      load(name, ALICE);
    }
  }
}
