package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
import io.intrahub.devhub.Visibility;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the Hub tells one token holder reaches others only if it is the same for all of them. */
class SharedAnswersTest {
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final Optional<String> BOB = Optional.of("hf_bob");
  private static final String FOR_ALICE = "the group of alice";

  /** Far more than an answer that is in memory as a whole. */
  private static final int LARGE = 3_000_000;

  @TempDir Path data;
  private Rig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    rig.hub.expectUnknownRoutes();
    rig.hub.token(ALICE.get(), "alice");
    rig.hub.token(BOB.get(), "bob");
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  /** The Hub shows a member of repo info that the mirror does not know. */
  private DevRepo make(Visibility visibility, boolean large) {
    DevRepo repo =
        rig.hub.repo("model", "acme/x").visibility(visibility).allow(ALICE.get(), BOB.get());
    repo.meta("viewer", "{\"groups\":[\"" + FOR_ALICE + "\"]}")
        .meta("library_name", "\"transformers\"")
        .meta("cardData", "{\"viewer\":\"of the card\"}");
    repo.commit("Add it", "config.json", DevFile.text("{}"));
    if (large) {
      repo.meta("widgetData", "[\"" + "x".repeat(LARGE) + "\"]");
    }
    return repo;
  }

  private int calls() {
    rig.settle();
    await().until(() -> rig.hub.log().stream().allMatch(Recorded::done));
    return rig.hub.log().size();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_member_of_repo_info_that_one_token_may_be_told_is_not_kept_for_others(boolean large) {
    make(Visibility.PRIVATE, large);
    for (String query : List.of("", "?blobs=true")) {
      String target = "/api/models/acme/x/revision/main" + query;
      Rig.Answer first = rig.get(target, ALICE);
      rig.settle();
      Rig.Answer kept = rig.get(target, BOB);
      int before = calls();
      Rig.Answer again = rig.get(target, BOB);

      assertThat(calls()).isEqualTo(before);
      for (Rig.Answer answer : List.of(first, kept, again)) {
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.text())
            .contains("\"library_name\":\"transformers\"")
            // Members of members are of the repo's content.
            .contains("\"cardData\":{\"viewer\":\"of the card\"}")
            .contains("\"siblings\":[{\"rfilename\":\"config.json\"");
      }
      assertThat(kept.text()).doesNotContain(FOR_ALICE).doesNotContain("groups");
      assertThat(again.body()).isEqualTo(kept.body());
    }
  }

  /** Everybody is told all of it, so nothing is left out. */
  @Test
  void repo_info_of_a_public_repo_keeps_members_that_the_mirror_does_not_know() {
    make(Visibility.PUBLIC, false);
    assertThat(rig.get("/api/models/acme/x", ALICE).text()).contains(FOR_ALICE);
    assertThat(rig.get("/api/models/acme/x", BOB).text()).contains(FOR_ALICE);
    assertThat(rig.hub.log()).allMatch(call -> call.authorization().isEmpty());
  }

  /** Such an answer is not kept at all, and each token is told its own. */
  @Tag("slow")
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/models/acme/x?expand=resourceGroup",
        "/api/models/acme/x?unknown=1",
        "/api/models/acme/x/auth-check",
        "/acme/x/raw/main/config.json",
        "/api/whoami-v2"
      })
  void an_answer_that_is_passed_on_is_asked_for_in_each_clients_own_name(String target) {
    make(Visibility.PRIVATE, false);
    for (Optional<String> client : List.of(ALICE, BOB, ALICE)) {
      rig.get("/api/models/acme/x", client);
      int before = calls();

      Rig.Answer answer = rig.get(target, client);

      assertThat(answer.status()).isEqualTo(200);
      calls();
      String path = target.replaceAll("\\?.*", "");
      assertThat(rig.hub.log().stream().skip(before))
          .filteredOn(call -> call.path().contains(path))
          .extracting(Recorded::authorization)
          .containsExactly(client.map(token -> "Bearer " + token));
      assertThat(answer.header("cache-control")).hasValue("private, no-store");
    }
  }

  /** Such an answer is kept for a minute, for the token that it was asked for with. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/models/acme/x/discussions",
        "/api/models/acme/x/tree/main?expand=true",
        "/api/models?search=acme"
      })
  void a_list_is_asked_for_once_in_each_clients_own_name(String target) {
    make(Visibility.PRIVATE, false);
    for (Optional<String> client : List.of(ALICE, BOB, ALICE, BOB)) {
      rig.get("/api/models/acme/x", client);
      Rig.Answer answer = rig.get(target, client);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("cache-control")).hasValue("private, no-store");
    }
    calls();
    String path = target.replaceAll("\\?.*", "");
    assertThat(rig.hub.log())
        .filteredOn(call -> call.path().equals(path))
        .extracting(Recorded::authorization)
        .containsExactly(Optional.of("Bearer hf_alice"), Optional.of("Bearer hf_bob"));
  }
}
