package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Visibility;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How soon the mirror follows when it changes who may read a repo, and what ends a grant. */
class PermissionChangesTest {
  private static final String ID = "acme/changes";
  private static final String ALICE = "hf_changesAlice";
  private static final Optional<String> NOBODY = Optional.empty();
  private static final String GET = "/" + ID + "/resolve/main/config.json";
  private static final String INFO = "/api/models/" + ID;

  @TempDir Path data;
  private Rig rig;
  private DevRepo repo;
  private String commit = "";

  @BeforeEach
  void start() {
    rig = new Rig(data);
    rig.hub.token(ALICE, "alice");
    repo = rig.hub.repo("model", ID).allow(ALICE);
    commit = repo.commit("Add it", "config.json", DevFile.text("{\"a\":1}"));
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private int status(String target, Optional<String> token) {
    return rig.get(target, token).status();
  }

  /** Hits must not keep a grant alive: only the Hub's word does. */
  @Test
  void steady_traffic_does_not_keep_a_repo_public() {
    assertEndsWithin(NOBODY, 401, Duration.ofMinutes(10));
  }

  @Test
  void steady_traffic_does_not_keep_a_token_granted() {
    repo.visibility(Visibility.PRIVATE);
    assertEndsWithin(Optional.of(ALICE), 404, Duration.ofMinutes(5));
  }

  private void assertEndsWithin(Optional<String> token, int refusal, Duration most) {
    String byCommit = "/" + ID + "/resolve/" + commit + "/config.json";
    assertThat(status(byCommit, token)).isEqualTo(200);
    repo.visibility(Visibility.PRIVATE).disallow(ALICE);
    Duration passed = Duration.ZERO;
    while (passed.compareTo(most) < 0 && status(byCommit, token) == 200) {
      rig.clock.pass(Duration.ofSeconds(30));
      passed = passed.plusSeconds(30);
    }
    // The Hub is asked behind the client's back: its answer may come after the request that asked.
    await().until(() -> status(byCommit, token) == refusal);
  }

  @Test
  void a_repo_that_was_opened_is_served_soon() {
    repo.visibility(Visibility.PRIVATE);
    assertThat(status(GET, NOBODY)).isEqualTo(401);
    repo.visibility(Visibility.PUBLIC);
    rig.clock.pass(Duration.ofSeconds(61));
    assertThat(status(GET, NOBODY)).isEqualTo(200);
  }

  @Test
  void a_client_that_was_let_in_is_served_soon() {
    repo.visibility(Visibility.GATED).disallow(ALICE);
    assertThat(status(GET, Optional.of(ALICE))).isEqualTo(403);
    repo.allow(ALICE);
    rig.clock.pass(Duration.ofSeconds(16));
    assertThat(status(GET, Optional.of(ALICE))).isEqualTo(200);
  }

  @Test
  void info_that_says_that_a_repo_is_gated_now_closes_its_content() {
    assertThat(status(GET, NOBODY)).isEqualTo(200);
    repo.visibility(Visibility.GATED);
    assertThat(status(INFO + "?blobs=true", NOBODY)).isEqualTo(200);
    assertThat(status(GET, NOBODY)).isEqualTo(401);
  }

  @Test
  void a_refusal_of_a_call_that_is_passed_on_ends_the_grant() {
    repo.visibility(Visibility.PRIVATE);
    assertThat(status(GET, Optional.of(ALICE))).isEqualTo(200);
    repo.disallow(ALICE);
    assertThat(status(INFO + "/discussions", Optional.of(ALICE))).isEqualTo(404);
    assertThat(status(GET, Optional.of(ALICE))).isEqualTo(404);
  }

  /** To a caller without a token, the Hub says of such a call what it says of a missing repo. */
  @Test
  void a_call_that_needs_a_login_does_not_end_what_everybody_may_read() {
    String call = "/discussions";
    rig.hub
        .faults()
        .everywhere()
        .when(r -> r.path().endsWith(call))
        .status(401, Map.of("X-Error-Message", "Invalid username or password."), "");
    assertThat(status(INFO + call, NOBODY)).as("cold").isEqualTo(401);
    assertThat(status(GET, NOBODY)).as("cold").isEqualTo(200);
    rig.clock.pass(Duration.ofMinutes(1));
    for (int again = 0; again < 5; again++) {
      rig.settle();
      long before = rig.hub.counters().requests();
      assertThat(status(INFO + call, NOBODY)).isEqualTo(401);
      rig.settle();
      assertThat(rig.hub.counters().requests() - before).isLessThanOrEqualTo(again == 0 ? 2 : 1);
    }
    rig.hub.goDark();
    assertThat(status(GET, NOBODY)).isEqualTo(200);
    assertThat(rig.app().status().removed()).isEmpty();
  }

  @Test
  void a_refused_call_without_a_token_makes_the_mirror_ask_whether_the_repo_is_still_public() {
    assertThat(status(GET, NOBODY)).isEqualTo(200);
    repo.visibility(Visibility.PRIVATE);
    rig.clock.pass(Duration.ofMinutes(1));
    assertThat(status(INFO + "/discussions", NOBODY)).isEqualTo(401);
    assertThat(status(GET, NOBODY)).isEqualTo(401);
  }

  /** That a token may not write says nothing about reading. */
  @Test
  void a_refusal_to_write_does_not_end_the_grant() {
    repo.visibility(Visibility.PRIVATE);
    assertThat(status(GET, Optional.of(ALICE))).isEqualTo(200);
    assertThat(status(INFO + "/auth-check/write", Optional.of(ALICE))).isEqualTo(403);
    rig.settle();
    long before = rig.hub.counters().requests();
    assertThat(status(GET, Optional.of(ALICE))).isEqualTo(200);
    rig.settle();
    assertThat(rig.hub.counters().requests()).isEqualTo(before);
  }

  /** Within the ten minutes in which everybody's view of the metadata is not asked for again. */
  @Test
  void a_gated_repo_that_is_made_again_shows_nothing_of_the_earlier_one_to_whom_it_lets_in() {
    String bob = "hf_changesBob";
    rig.hub.token(bob, "bob");
    repo.visibility(Visibility.GATED);
    String old = "/" + ID + "/resolve/" + commit + "/config.json";
    assertThat(status(INFO, NOBODY)).isEqualTo(200);
    assertThat(status(old, Optional.of(ALICE))).isEqualTo(200);
    rig.hub.delete("model", ID);
    DevRepo again = rig.hub.repo("model", ID).visibility(Visibility.GATED).allow(bob);
    again.commit("Add it", "config.json", DevFile.text("{\"new\":1}"));

    assertThat(status(old, Optional.of(bob))).isEqualTo(404);
    assertThat(rig.get(GET, Optional.of(bob)).text()).isEqualTo("{\"new\":1}");
    assertThat(status(GET, Optional.of(ALICE))).isEqualTo(403);
  }

  /** The Hub goes on to lead from the old name to the new one, for those who may see it. */
  @Test
  void a_public_repo_that_gets_a_new_name_and_is_closed_is_served_no_longer() {
    assertThat(status(GET, NOBODY)).isEqualTo(200);
    rig.hub.delete("model", ID);
    DevRepo renamed = rig.hub.repo("model", ID + "-new").renamedFrom(ID).allow(ALICE);
    renamed.visibility(Visibility.PRIVATE).commit("Add it", "config.json", DevFile.text("{}"));
    rig.clock.pass(Duration.ofMinutes(10).plusSeconds(1));
    assertThat(status(GET, NOBODY)).isEqualTo(401);
    assertThat(rig.get(GET, Optional.of(ALICE)).text()).isEqualTo("{}");
    rig.hub.goDark();
    rig.clock.pass(Duration.ofMinutes(2));
    assertThat(status(GET, NOBODY)).isIn(503, 504);
    assertThat(rig.get(GET, Optional.of(ALICE)).text()).isEqualTo("{}");
  }

  /** The name that led to a repo may be given to another one once that is gone. */
  @Test
  void an_old_name_that_is_given_to_another_repo_leads_there_at_once() {
    DevRepo renamed = rig.hub.repo("model", "acme/later").renamedFrom("acme/earlier");
    renamed.commit("Add it", Map.of("config.json", DevFile.text("{\"a\":2}")));
    String byOldName = "/acme/earlier/resolve/main/config.json";
    assertThat(status(byOldName, NOBODY)).isEqualTo(200);
    rig.hub.delete("model", "acme/later");
    rig.hub
        .repo("model", "acme/earlier")
        .visibility(Visibility.PRIVATE)
        .allow(ALICE)
        .commit("Add it", Map.of("config.json", DevFile.text("{\"a\":3}")));
    rig.clock.pass(Duration.ofMinutes(11));
    assertThat(rig.get(byOldName, Optional.of(ALICE)).text()).isEqualTo("{\"a\":3}");
  }

  /** Every query that is kept is a file; a client must not make as many as it likes. */
  @Test
  void a_query_of_no_client_leaves_nothing_on_disk() throws Exception {
    for (String query :
        List.of(
            "token=hf_CANARYinTheQuery",
            "blobs=hf_CANARYinTheQuery",
            "expand=hf_CANARYinTheQuery",
            "expand%5B%5D=sha&x=hf_CANARYinTheQuery",
            "expand=" + "CANARY".repeat(300))) {
      Rig.Answer answer = rig.get(INFO + "?" + query, NOBODY);
      assertThat(answer.status()).as(query).isIn(200, 400);
      assertThat(answer.header("cache-status").orElse("intrahub; fwd=bypass"))
          .as(query)
          .isEqualTo("intrahub; fwd=bypass");
    }
    assertThat(rig.tracesOnDisk(List.of("CANARY"))).isEmpty();
    String kept = INFO + "?expand=sha&expand=gated&blobs=true";
    assertThat(status(kept, NOBODY)).isEqualTo(200);
    rig.settle();
    long before = rig.hub.counters().requests(Route.REPO_INFO);
    assertThat(status(kept, NOBODY)).isEqualTo(200);
    rig.settle();
    assertThat(rig.hub.counters().requests(Route.REPO_INFO)).isEqualTo(before);
  }

  /** A name that only a client made up is not written. */
  @Test
  void a_repo_that_is_missing_leaves_nothing_on_disk() throws Exception {
    assertThat(status("/acme/missing-thing/resolve/main/config.json", NOBODY)).isEqualTo(401);
    assertThat(status("/api/models/acme/missing-thing", Optional.of(ALICE))).isEqualTo(404);
    assertThat(rig.tracesOnDisk(List.of("missing-thing"))).isEmpty();
  }
}
