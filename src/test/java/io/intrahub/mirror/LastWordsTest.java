package io.intrahub.mirror;

import static io.intrahub.mirror.MirrorRig.MAIN;
import static io.intrahub.mirror.MirrorRig.REPO;
import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.access.AccessChecker;
import io.intrahub.access.AccessToken;
import io.intrahub.access.Authority;
import io.intrahub.access.Caller;
import io.intrahub.cli.AppSettings;
import io.intrahub.devhub.DevFile;
import io.intrahub.devhub.DevHub;
import io.intrahub.devhub.DevRepo;
import io.intrahub.devhub.Route;
import io.intrahub.devhub.Stall;
import io.intrahub.devhub.Visibility;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The Hub names a commit, and the mirror has not got its listing yet. */
@Timeout(60)
class LastWordsTest {
  private static final List<String> NO_CACHE = List.of("no-cache");

  private final DevHub hub = DevHub.builder().start();

  private MirrorRig rig = new MirrorRig(LastWordsTest::impatient, hub);

  private DevRepo repo;
  private String first;

  @BeforeEach
  void fill() {
    repo = hub.repo("model", "acme/x");
    first = commit("1");
  }

  @AfterEach
  void stop() {
    rig.settle();
    rig.close();
    hub.close();
  }

  /** Clients wait for a Hub that answers, and not long for one that does not. */
  private static AppSettings impatient(AppSettings s) {
    return s.withMirror(s.mirror().withTimeouts(Duration.ofSeconds(30), Duration.ofSeconds(3)));
  }

  /** Grants run out, and what is known of a branch does not. */
  private static AppSettings withShortGrants(AppSettings s) {
    AccessChecker.Settings access = s.access();
    AppSettings patient =
        s.withAccess(
            new AccessChecker.Settings(
                Duration.ofSeconds(20),
                access.publicTtlDuringOutage(),
                access.grantTtl(),
                access.grantRevalidate(),
                access.grantGrace(),
                access.keepRemoved()));
    return impatient(patient.withMirror(patient.mirror().withRevisionTtl(Duration.ofHours(1))));
  }

  private String commit(String content) {
    return repo.commit(content, Map.of("a.json", DevFile.text(content)));
  }

  private String demanded() {
    FileAnswer answer = rig.file(REPO, MAIN, "a.json", NO_CACHE);
    return ((FileAnswer.Found) answer).commit().hex();
  }

  /** Else its load would have files of two commits. */
  @Test
  void a_stranger_that_wants_the_hubs_word_gets_the_same_one_from_a_hub_that_becomes_slow() {
    hub.token("hf_alice", "alice");
    repo.visibility(Visibility.PRIVATE).allow("hf_alice");
    Caller alice =
        new Caller(new Authority.TokenHolder("alice"), AccessToken.of("hf_alice"), "10.0.0.1");
    try (ClientRequest load = ClientRequest.of(alice, List.of())) {
      FileAnswer.Found found = (FileAnswer.Found) rig.file(REPO, MAIN, "a.json", load);
      assertThat(found.commit().hex()).isEqualTo(first);
      rig.settle();
      rig.clock.pass(Duration.ofSeconds(61));
      repo.visibility(Visibility.PUBLIC);
      String second = commit("two");
      Stall listing = hub.faults().on(Route.TREE).hold();
      assertThat(demanded()).isEqualTo(second);
      Stall slow = hub.faults().on(Route.REPO_INFO).hold();
      assertThat(demanded()).isEqualTo(second);
      assertThat(rig.commitOf("a.json")).as("a load is in progress").isEqualTo(first);
      slow.release();
      listing.release();
    }
  }

  @Test
  void a_client_that_wants_the_hubs_word_gets_it_although_the_listing_is_slow() {
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
    rig.settle();
    String second = commit("two");
    Stall listing = hub.faults().on(Route.TREE).hold();
    assertThat(demanded()).isEqualTo(second);
    assertThat(rig.commitOf("a.json")).as("a load is in progress").isEqualTo(first);
    listing.release();
  }

  /** The grant has run out, and whoever asks for it again is told the commit too. */
  @Test
  void a_commit_that_is_named_while_the_listing_of_another_is_learned_is_not_lost() {
    rig = rig.restarted(LastWordsTest::withShortGrants, hub);
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
    rig.settle();
    commit("two");
    rig.clock.pass(Duration.ofSeconds(25));
    Stall listing = hub.faults().on(Route.TREE).hold();
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
    String third = commit("three");
    rig.clock.pass(Duration.ofSeconds(25));
    assertThat(rig.commitOf("a.json")).isEqualTo(first);
    listing.release();
    rig.settle();
    rig.clock.pass(Duration.ofSeconds(6));
    assertThat(rig.commitOf("a.json")).isEqualTo(third);
  }
}
