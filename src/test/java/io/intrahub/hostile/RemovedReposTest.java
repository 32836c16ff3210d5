package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.AccessChecker;
import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import io.intrahub.mirror.MirrorStatus;
import io.intrahub.store.Tombstone;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Repos that the Hub no longer serves: who reads what is stored of them, and what is told. */
class RemovedReposTest {
  private static final Optional<String> NOBODY = Optional.empty();
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final Optional<String> BOB = Optional.of("hf_bob");
  private static final Optional<String> UNKNOWN = Optional.of("hf_unknown");
  private static final String ID = "acme/open";
  private static final String FILE = "/" + ID + "/resolve/main/config.json";
  private static final String INFO = "/api/models/" + ID + "/revision/main";
  private static final String REFS = "/api/models/" + ID + "/refs";

  @TempDir Path data;
  private Rig rig;
  private DevRepo repo;

  @AfterEach
  void stop() {
    rig.close();
  }

  private static AppSettings keeping(AppSettings settings) {
    AccessChecker.Settings usual = AccessChecker.Settings.DEFAULT;
    return settings.withAccess(
        new AccessChecker.Settings(
            usual.publicTtl(),
            usual.publicTtlDuringOutage(),
            usual.grantTtl(),
            usual.grantRevalidate(),
            usual.grantGrace(),
            true));
  }

  private void start(UnaryOperator<AppSettings> change, Visibility visibility) {
    rig = new Rig(data, change);
    rig.hub.token(ALICE.get(), "alice");
    rig.hub.token(BOB.get(), "bob");
    repo = rig.hub.repo("model", ID).visibility(visibility).allow(ALICE.get());
    repo.commit(
        "Add it",
        Map.of(
            "config.json", DevFile.text("{\"old\":1}"),
            "model.bin", DevFile.lfsGenerated(3, 100_000)));
  }

  private void load(Optional<String> token) {
    for (String target : List.of(INFO, FILE, byCommit("model.bin"), REFS)) {
      assertThat(rig.get(target, token).status()).as(target).isEqualTo(200);
    }
    rig.settle();
  }

  private String byCommit(String path) {
    return "/" + ID + "/resolve/" + repo.commitOf("main").orElseThrow() + "/" + path;
  }

  /** Longer than what everybody was granted lives, and than any refusal is remembered. */
  private void later() {
    rig.settle();
    rig.clock.pass(Duration.ofMinutes(11));
  }

  private int status(String target, Optional<String> token) {
    return rig.get(target, token).status();
  }

  private List<MirrorStatus.Removed> removed() {
    return rig.app().status().removed();
  }

  private void expectKept() {
    for (Optional<String> token : List.of(NOBODY, BOB, UNKNOWN)) {
      for (String target : List.of(FILE, INFO, byCommit("model.bin"), REFS)) {
        Rig.Answer answer = rig.get(target, token);
        assertThat(answer.status()).as("%s of %s", target, token).isEqualTo(200);
        assertThat(answer.header("X-HF-Warning").orElseThrow())
            .as("%s of %s", target, token)
            .contains("The Hub no longer has this repo, as of 20");
        assertThat(answer.header("Cache-Status").orElseThrow()).contains("detail=stale");
      }
    }
  }

  private void expectRefused(Optional<String> token) {
    for (String target : List.of(FILE, INFO, byCommit("model.bin"))) {
      assertThat(status(target, token)).as("%s of %s", target, token).isIn(401, 403, 404);
    }
  }

  @Test
  void by_default_a_deleted_repo_is_refused_and_listed_for_the_operator() {
    start(s -> s, Visibility.PUBLIC);
    load(NOBODY);
    rig.hub.delete("model", ID);
    later();
    expectRefused(NOBODY);
    expectRefused(BOB);
    for (int open = 0; open < 2; open++) {
      assertThat(removed()).hasSize(1);
      MirrorStatus.Removed one = removed().getFirst();
      assertThat(one.repo()).contains(ID);
      assertThat(one.tombstone().kind()).isEqualTo(Tombstone.Kind.MISSING);
      assertThat(one.since()).isBeforeOrEqualTo(rig.clock.instant());
      assertThat(rig.status())
          .contains(
              "\"removedRepos\":[{\"repo\":\"model " + ID + "\",\"state\":\"missing\"",
              "\"removedReposCount\":1");
      rig.restart();
    }
    expectRefused(NOBODY);
  }

  @Test
  void a_deleted_repo_that_is_kept_is_served_to_everybody_and_says_so() {
    start(RemovedReposTest::keeping, Visibility.PUBLIC);
    load(NOBODY);
    rig.hub.delete("model", ID);
    later();
    expectKept();
    assertThat(status("/" + ID + "/resolve/main/other.txt", NOBODY)).isEqualTo(404);
    rig.restart();
    expectKept();
    rig.hub.goDark();
    later();
    expectKept();
    rig.restart();
    expectKept();
  }

  @Test
  void a_disabled_repo_that_is_kept_is_served_to_everybody() {
    start(RemovedReposTest::keeping, Visibility.PUBLIC);
    load(NOBODY);
    repo.disabled(true);
    later();
    expectKept();
    assertThat(removed())
        .extracting(r -> r.tombstone().kind())
        .containsOnly(Tombstone.Kind.DISABLED);
  }

  @Test
  void a_repo_that_comes_back_loses_its_tombstone() {
    start(RemovedReposTest::keeping, Visibility.PUBLIC);
    load(NOBODY);
    repo.disabled(true);
    later();
    assertThat(status(FILE, NOBODY)).isEqualTo(200);
    repo.disabled(false);
    later();
    Rig.Answer back = rig.get(FILE, NOBODY);
    assertThat(back.status()).isEqualTo(200);
    assertThat(back.header("X-HF-Warning")).isEmpty();
    assertThat(removed()).isEmpty();
    rig.restart();
    assertThat(removed()).isEmpty();
  }

  /** Without a token, the Hub says the same of it as of a deleted one; with one it does not. */
  @Test
  void a_repo_that_was_made_private_is_kept_only_until_a_token_can_read_it() {
    start(RemovedReposTest::keeping, Visibility.PUBLIC);
    load(NOBODY);
    repo.visibility(Visibility.PRIVATE);
    later();
    expectKept();
    load(ALICE);
    for (int open = 0; open < 2; open++) {
      expectRefused(NOBODY);
      expectRefused(BOB);
      expectRefused(UNKNOWN);
      assertThat(removed())
          .extracting(r -> r.tombstone().kind())
          .containsOnly(Tombstone.Kind.CLOSED);
      rig.restart();
      later();
    }
    load(ALICE);
    // Also if it is deleted then: what was stored meanwhile was never public.
    rig.hub.delete("model", ID);
    rig.clock.pass(Duration.ofMinutes(16));
    expectRefused(ALICE);
    expectRefused(NOBODY);
  }

  /** A token that could read it before it was public reads it on, and fetches what is private. */
  @Tag("slow")
  @Test
  void what_was_fetched_of_a_private_repo_is_not_kept_because_it_was_public_before() {
    start(RemovedReposTest::keeping, Visibility.PRIVATE);
    load(ALICE);
    repo.visibility(Visibility.PUBLIC);
    rig.clock.pass(Duration.ofMinutes(2));
    load(NOBODY);
    repo.visibility(Visibility.PRIVATE);
    repo.commit("Make it secret", Map.of("config.json", DevFile.text("{\"secret\":1}")));
    later();
    for (int i = 0; i < 3; i++) {
      rig.get(INFO, ALICE);
      rig.get(FILE, ALICE);
      later();
    }
    assertThat(rig.get(FILE, ALICE).text()).contains("secret");
    expectRefused(NOBODY);
    expectRefused(BOB);
    rig.restartOffline();
    expectUnavailable(NOBODY);
    expectUnavailable(BOB);
  }

  private void expectUnavailable(Optional<String> token) {
    for (String target : List.of(FILE, INFO, byCommit("model.bin"))) {
      assertThat(status(target, token)).as("%s of %s", target, token).isNotEqualTo(200);
    }
  }

  @Test
  void a_repo_that_was_gated_is_not_kept() {
    start(RemovedReposTest::keeping, Visibility.PUBLIC);
    load(NOBODY);
    repo.visibility(Visibility.GATED);
    later();
    assertThat(status(FILE, NOBODY)).isEqualTo(401);
    assertThat(status(FILE, BOB)).isEqualTo(403);
    rig.hub.delete("model", ID);
    later();
    assertThat(status(FILE, NOBODY)).isEqualTo(401);
    assertThat(status(FILE, BOB)).isEqualTo(404);
    assertThat(removed()).isEmpty();
  }

  /** The Hub says of a private repo what it says of a deleted one, and then that it is there. */
  private void keepAsMissing() {
    start(RemovedReposTest::keeping, Visibility.PUBLIC);
    load(NOBODY);
    repo.visibility(Visibility.PRIVATE);
    later();
    assertThat(status(FILE, NOBODY)).as("kept").isEqualTo(200);
    rig.settle();
  }

  private void expectClosed() {
    assertThat(removed())
        .extracting(r -> r.tombstone().kind())
        .containsExactly(Tombstone.Kind.CLOSED);
    for (int open = 0; open < 2; open++) {
      for (Optional<String> token : List.of(NOBODY, BOB)) {
        assertThat(status(FILE, token)).isIn(401, 403, 404);
        assertThat(status(byCommit("model.bin"), token)).isIn(401, 403, 404);
      }
      rig.restart();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {FILE, INFO, REFS})
  void a_kept_repo_that_comes_back_gated_is_kept_no_longer(String first) {
    keepAsMissing();
    repo.visibility(Visibility.GATED);
    later();
    status(first, NOBODY);
    expectClosed();
  }

  /** What everybody was told of it a moment before is still remembered. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_kept_repo_that_is_gated_for_a_token_is_kept_no_longer(boolean answersAuthCheck) {
    keepAsMissing();
    repo.visibility(Visibility.GATED);
    if (!answersAuthCheck) {
      rig.hub.faults().on(Route.AUTH_CHECK).status(500);
    }
    assertThat(status(FILE, BOB)).isIn(403, 503);
    rig.hub.faults().clear();
    expectClosed();
  }

  @Test
  void a_kept_repo_that_is_shown_as_private_is_kept_no_longer() {
    keepAsMissing();
    String info =
        "{\"_id\":\"%s\",\"id\":\"%s\",\"private\":true,\"gated\":false,\"sha\":\"%s\",\"siblings\":[]}"
            .formatted(repo.internalId(), ID, repo.commitOf("main").orElseThrow());
    later();
    rig.hub
        .faults()
        .on(Route.REPO_INFO)
        .status(200, Map.of("Content-Type", "application/json"), info);
    status(INFO, NOBODY);
    rig.hub.faults().clear();
    expectClosed();
  }

  @Test
  void a_private_repo_is_never_kept_for_anybody() {
    start(RemovedReposTest::keeping, Visibility.PRIVATE);
    load(ALICE);
    expectRefused(NOBODY);
    rig.hub.delete("model", ID);
    rig.clock.pass(Duration.ofMinutes(16));
    for (int open = 0; open < 2; open++) {
      expectRefused(ALICE);
      expectRefused(BOB);
      expectRefused(NOBODY);
      assertThat(removed()).isEmpty();
      rig.restart();
    }
  }

  @Test
  void of_another_repo_under_the_same_name_nothing_of_the_old_one_is_served() {
    start(RemovedReposTest::keeping, Visibility.PUBLIC);
    load(NOBODY);
    String old = byCommit("config.json");
    rig.hub.delete("model", ID);
    later();
    expectKept();
    repo = rig.hub.repo("model", ID).visibility(Visibility.PUBLIC);
    repo.commit("Add another", Map.of("config.json", DevFile.text("{\"new\":1}")));
    later();
    assertThat(rig.get(FILE, NOBODY).text()).isEqualTo("{\"new\":1}");
    assertThat(status(old, NOBODY)).isEqualTo(404);
    assertThat(removed()).isEmpty();
    rig.restart();
    rig.hub.goDark();
    assertThat(status(old, NOBODY)).isNotEqualTo(200);
  }

  @Test
  void another_private_repo_under_the_same_name_ends_what_was_kept_once_a_token_reads_it() {
    start(RemovedReposTest::keeping, Visibility.PUBLIC);
    load(NOBODY);
    rig.hub.delete("model", ID);
    later();
    expectKept();
    repo = rig.hub.repo("model", ID).visibility(Visibility.PRIVATE).allow(ALICE.get());
    repo.commit("Add another", Map.of("config.json", DevFile.text("{\"new\":1}")));
    later();
    assertThat(rig.get(FILE, ALICE).text()).isEqualTo("{\"new\":1}");
    assertThat(status(FILE, NOBODY)).isEqualTo(401);
    assertThat(status(FILE, BOB)).isEqualTo(404);
  }

  @Test
  void an_old_name_of_a_deleted_repo_that_is_kept_works_too() {
    start(RemovedReposTest::keeping, Visibility.PUBLIC);
    rig.hub.delete("model", ID);
    repo = rig.hub.repo("model", "acme/moved").renamedFrom(ID);
    repo.commit("Add it", Map.of("config.json", DevFile.text("{\"old\":1}")));
    assertThat(status(FILE, NOBODY)).isEqualTo(200);
    rig.settle();
    rig.hub.delete("model", "acme/moved");
    later();
    assertThat(status("/acme/moved/resolve/main/config.json", NOBODY)).isEqualTo(200);
    assertThat(rig.get(FILE, NOBODY).header("X-HF-Warning").orElseThrow())
        .contains("no longer has this repo");
  }
}
