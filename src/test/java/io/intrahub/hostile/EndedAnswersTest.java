package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.access.AccessChecker;
import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.Stall;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lists that count no longer: they are not served, and do not come back with a late answer. */
class EndedAnswersTest {
  private static final Optional<String> NOBODY = Optional.empty();
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final Optional<String> WRONG = Optional.of("hf_wrong");
  private static final String SEARCH = "/api/models?search=acme&limit=2";
  private static final String INFO = "/api/models/acme/open";
  private static final String REFS = INFO + "/refs";
  private static final String SIZE = INFO + "/treesize/main";
  private static final String KEPT = "intrahub; fwd=miss; stored";

  @TempDir Path data;
  private Rig rig;

  @BeforeEach
  void start() {
    rig = new Rig(data, EndedAnswersTest::withShortGrants);
    rig.hub.token(ALICE.get(), "alice");
    rig.hub.repo("model", "acme/open").commit("Add it", "a.txt", DevFile.text("a"));
  }

  /** A list is fresh for longer than everybody's grant holds. */
  private static AppSettings withShortGrants(AppSettings s) {
    AccessChecker.Settings usual = AccessChecker.Settings.DEFAULT;
    return s.withAccess(
        new AccessChecker.Settings(
            Duration.ofSeconds(20),
            usual.publicTtlDuringOutage(),
            usual.grantTtl(),
            usual.grantRevalidate(),
            usual.grantGrace(),
            usual.keepRemoved()));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private void makeAgain() {
    rig.hub.delete("model", "acme/open");
    rig.hub.repo("model", "acme/open").commit("Another", "b.txt", DevFile.text("longer"));
  }

  /** Sends a request without a token that has this Cache-Control. */
  private void get(String target, String directive) throws Exception {
    rig.wire(
        ("GET "
                + target
                + " HTTP/1.1\r\nHost: x\r\nCache-Control: "
                + directive
                + "\r\nConnection: close\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
  }

  /** An answer that has begun, and ends after something else happened. */
  private Rig.Answer lateAnswer(String target, Optional<String> token, FutureTask<?> meanwhile)
      throws Exception {
    Stall stall =
        rig.hub
            .faults()
            .everywhere()
            .path(target.split("\\?", 2)[0]::equals)
            .times(1)
            .stallAfter(1);
    FutureTask<Rig.Answer> late = new FutureTask<>(() -> rig.get(target, token));
    Thread.ofVirtual().start(late);
    stall.awaitReached(1);
    meanwhile.run();
    meanwhile.get();
    assertThat(late).isNotDone();
    stall.release();
    return late.get();
  }

  @Test
  void a_late_answer_about_a_repo_that_was_made_again_is_neither_told_nor_kept() throws Exception {
    rig.get(INFO, NOBODY);
    FutureTask<?> madeAgain =
        new FutureTask<>(() -> {
          makeAgain();
          get(INFO, "no-cache");
          return true;
        });
    assertThat(lateAnswer(SIZE, NOBODY, madeAgain).text()).contains("\"size\":6}");
    assertThat(rig.get(SIZE, NOBODY).text()).contains("\"size\":6}");
  }

  @Test
  void late_refs_of_a_repo_that_was_made_again_are_neither_told_nor_kept() throws Exception {
    rig.hub.repo("model", "acme/open").ref("refs/heads/secret-plan", commit());
    rig.get(INFO, NOBODY);
    FutureTask<?> madeAgain =
        new FutureTask<>(() -> {
          makeAgain();
          get(INFO, "no-cache");
          return true;
        });
    for (Rig.Answer refs : List.of(lateAnswer(REFS, NOBODY, madeAgain), rig.get(REFS, NOBODY))) {
      assertThat(refs.status()).isEqualTo(200);
      assertThat(refs.text()).contains("refs/heads/main").doesNotContain("secret-plan");
    }
  }

  private String commit() {
    return rig.hub.repo("model", "acme/open").commitOf("main").orElseThrow();
  }

  /** The question whether the client may read it is the one that shows it. */
  @Test
  void a_fresh_answer_is_not_served_once_the_repo_is_found_to_be_another() {
    assertThat(rig.get(SIZE, NOBODY).text()).contains("\"size\":1}");
    rig.settle();
    makeAgain();
    rig.clock.pass(Duration.ofSeconds(30));
    assertThat(rig.get(SIZE, NOBODY).text()).contains("\"size\":6}");
  }

  @Test
  void an_answer_under_an_old_name_is_not_served_from_memory() {
    rig.get("/api/models/acme/open", NOBODY);
    rig.hub
        .repo("model", "acme/now")
        .renamedFrom("acme/before")
        .commit("a", "a", DevFile.text("a"));
    String old = "/api/models/acme/before/treesize/main";
    for (int n = 0; n < 3; n++) {
      assertThat(rig.get(old, NOBODY).header("cache-status"))
          .hasValueSatisfying(label -> assertThat(label).doesNotContain("hit"));
    }
  }

  @Test
  void a_token_that_another_call_shows_to_be_invalid_loses_its_lists() {
    assertThat(rig.get(SEARCH, ALICE).header("cache-status")).hasValue(KEPT);
    rig.hub.revoke(ALICE.get());
    assertThat(rig.get("/api/whoami-v2", ALICE).status()).isEqualTo(401);
    assertThat(rig.get(SEARCH, ALICE).status()).isEqualTo(401);
  }

  @Test
  void a_late_answer_to_a_token_that_became_invalid_meanwhile_is_not_kept() throws Exception {
    FutureTask<?> revoked =
        new FutureTask<>(() -> {
          rig.hub.revoke(ALICE.get());
          assertThat(rig.get("/api/whoami-v2", ALICE).status()).isEqualTo(401);
          return true;
        });
    lateAnswer(SEARCH, ALICE, revoked);
    assertThat(rig.get(SEARCH, ALICE).status()).isEqualTo(401);
  }

  @Test
  void an_invalid_token_does_not_keep_the_lists_of_others_from_memory() throws Exception {
    FutureTask<?> refused =
        new FutureTask<>(() -> assertThat(rig.get(SEARCH, WRONG).status()).isEqualTo(401));
    assertThat(lateAnswer(SEARCH, NOBODY, refused).header("cache-status")).hasValue(KEPT);
    assertThat(rig.get(SEARCH, NOBODY).header("cache-status"))
        .hasValueSatisfying(label -> assertThat(label).contains("hit"));
  }

  @Test
  void a_client_that_takes_stale_answers_does_not_stretch_a_list_while_the_hub_is_there()
      throws Exception {
    rig.get(SEARCH, NOBODY);
    rig.clock.pass(Duration.ofMinutes(2));
    rig.settle();
    int before = rig.hub.log().size();
    get(SEARCH, "max-stale=3000");
    assertThat(rig.hub.log()).hasSize(before + 1);
  }

  /** Between its arrival and its reply the mirror finds out who may read the repo. */
  @Test
  void an_answer_counts_in_the_memory_budget_until_it_is_shown() throws Exception {
    String text = "[\"" + "x".repeat(1_000_000) + "\"]";
    rig.hub
        .faults()
        .everywhere()
        .path(SIZE::equals)
        .status(200, Map.of("Content-Type", "application/json"), text);
    Stall stall = rig.hub.faults().everywhere().path(INFO::equals).hold();
    FutureTask<Rig.Answer> answer = new FutureTask<>(() -> rig.get(SIZE, NOBODY));
    Thread.ofVirtual().start(answer);
    stall.awaitReached(1);
    assertThat(rig.app().budgetUsage().used()).isGreaterThanOrEqualTo(text.length());
    stall.release();
    assertThat(answer.get().text()).isEqualTo(text);
    await().until(() -> rig.app().budgetUsage().used() == 0);
  }
}
