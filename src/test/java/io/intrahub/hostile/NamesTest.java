package io.intrahub.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Recorded;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Repos under old names and in another case: what they cost at the Hub, and who gets them. */
class NamesTest {
  private static final Optional<String> NOBODY = Optional.empty();
  private static final Optional<String> ALICE = Optional.of("hf_alice");
  private static final int SIZE = 300_000;

  @TempDir Path data;
  private Rig rig;
  private DevRepo repo;

  @BeforeEach
  void start() throws Exception {
    rig = new Rig(data);
    rig.hub.token(ALICE.get(), "alice");
    repo = rig.hub.repo("model", "acme/new").renamedFrom("acme/old");
    repo.commit(
        "Add it",
        Map.of(
            "config.json", DevFile.text("{}"),
            "model.bin", DevFile.lfsGenerated(5, SIZE)));
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
        "/" + name + "/resolve/" + commit + "/model.bin",
        "/api/models/" + name + "/tree/main",
        "/api/models/" + name + "/refs");
  }

  private void load(String name, Optional<String> token) {
    for (String target : targets(name)) {
      assertThat(rig.get(target, token).status()).as(target).isEqualTo(200);
    }
    rig.settle();
  }

  private long fetched() {
    return rig.hub.log().stream()
        .filter(call -> call.route() == Route.CDN)
        .mapToLong(Recorded::bytesSent)
        .sum();
  }

  private long calls() {
    return rig.hub.counters().requests();
  }

  @ParameterizedTest
  @ValueSource(strings = {"acme/old", "ACME/Old", "acme/NEW", "Acme/New"})
  void another_name_costs_one_call_per_way_to_ask_and_then_none(String name) {
    load("acme/new", NOBODY);
    long bytes = fetched();
    load(name, NOBODY);
    long before = calls();
    load(name, NOBODY);
    assertThat(calls()).isEqualTo(before);
    assertThat(fetched()).as("content is stored once").isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"acme/old", "ACME/new"})
  void another_name_works_in_an_outage_after_a_restart_and_in_mode_offline(String name) {
    load(name, NOBODY);
    rig.hub.goDark();
    rig.clock.pass(Duration.ofHours(30));
    load(name, NOBODY);
    rig.restart();
    load(name, NOBODY);
    load("acme/new", NOBODY);
    rig.restartOffline();
    load(name, NOBODY);
  }

  /** Names are asked for again now and then, because the old one may belong to another repo. */
  @Test
  void an_old_name_that_another_repo_has_now_leads_to_that_one_after_the_aliases_life() {
    load("acme/old", NOBODY);
    DevRepo other = rig.hub.repo("model", "acme/old");
    other.commit("Add another", Map.of("config.json", DevFile.text("{\"other\":1}")));
    rig.clock.pass(Duration.ofMinutes(61));
    rig.get("/acme/old/resolve/main/config.json", NOBODY);
    rig.settle();
    assertThat(rig.get("/acme/old/resolve/main/config.json", NOBODY).text())
        .isEqualTo("{\"other\":1}");
    assertThat(rig.get("/acme/new/resolve/main/config.json", NOBODY).text()).isEqualTo("{}");
  }

  /** Who may not read a repo must not learn its new name. */
  @ParameterizedTest
  @EnumSource(
      value = Visibility.class,
      names = {"PRIVATE"})
  void the_old_name_of_a_private_repo_tells_others_nothing(Visibility visibility) {
    repo.visibility(visibility).allow(ALICE.get());
    load("acme/old", ALICE);
    long before = calls();
    load("acme/old", ALICE);
    assertThat(calls()).isEqualTo(before);
    Rig.Answer answer = rig.get("/acme/old/resolve/main/config.json", NOBODY);
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.text() + answer.headers()).doesNotContain("acme/new");
    rig.hub.goDark();
    rig.restart();
    load("acme/old", ALICE);
  }
}
